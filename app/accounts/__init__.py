"""Accounts (customers and prospects), their dated places, parties, named lists, locks and metrics."""
