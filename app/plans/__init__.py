"""Plans: versions of a plane's grids, their validation, publication, comparison and withdrawal."""
