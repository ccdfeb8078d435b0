"""Redrawing a plan's grids by workload, as a job that ends in a draft with its report."""
