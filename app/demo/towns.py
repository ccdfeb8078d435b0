"""What a town's story leaves for the maps."""

from dataclasses import dataclass

from app.demo.client import Document


@dataclass(frozen=True)
class Chapter:
    """The plans before and after the redraw, and its report with the measure that maps show."""

    before: str
    after: str
    report: Document
    report_measure: str = "customers"
