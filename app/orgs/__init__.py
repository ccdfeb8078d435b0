"""Organisations, their tree of areas, people and responsibilities."""
