"""Answers about coverage: locate, assign in bulk, counts by grid, area, class and H3 cell."""
