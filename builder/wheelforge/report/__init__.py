"""One page about one run: what ran when, what it waited for, what it held."""

from wheelforge.report.critical import Link, critical_path
from wheelforge.report.figures import Figures, figures
from wheelforge.report.page import page
from wheelforge.report.record import Record
from wheelforge.report.steps import Ending, StepLine
from wheelforge.report.timeline import Result, Timeline, assemble, read

__all__ = [
    "Ending",
    "Figures",
    "Link",
    "Record",
    "Result",
    "StepLine",
    "Timeline",
    "assemble",
    "critical_path",
    "figures",
    "page",
    "read",
]
