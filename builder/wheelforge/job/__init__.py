"""One step while it runs: its paths, its log, its commands."""

from wheelforge.job.folder import Stamps, fresh, link_programs, take
from wheelforge.job.gated import Gated, Gates
from wheelforge.job.job import Job, Workshop
from wheelforge.job.patching import patch

__all__ = [
    "Gated",
    "Gates",
    "Job",
    "Stamps",
    "Workshop",
    "fresh",
    "link_programs",
    "patch",
    "take",
]
