"""Planes: layers of responsibility over the same ground, their rules and whom they cover."""
