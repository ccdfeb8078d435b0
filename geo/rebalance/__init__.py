"""Redraw grids so that their work is even, with the least work moved and proof of how good it is."""

from geo.rebalance.certificates import Certificate
from geo.rebalance.engine import Result, rebalance
from geo.rebalance.frontier import frontier, measures
from geo.rebalance.problem import Problem
from geo.rebalance.report import Names, report
from geo.rebalance.steps import Step, Transfer

__all__ = [
    "Certificate",
    "Names",
    "Problem",
    "Result",
    "Step",
    "Transfer",
    "frontier",
    "measures",
    "rebalance",
    "report",
]
