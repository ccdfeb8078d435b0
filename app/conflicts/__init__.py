"""Conflicts of claims in a plane: who claims what, and by which stated rule it is decided."""
