"""Who works which grids on a day, how much that is, and how far from home."""
