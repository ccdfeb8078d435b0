"""Buildings, cluster markets, barriers and exclusions."""
