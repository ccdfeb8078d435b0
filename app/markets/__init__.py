"""How much of the market is ours: penetration of buildings, and customers stacked at one point."""
