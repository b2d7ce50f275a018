"""One step while it runs: its paths, its log, its commands."""

from wheelforge.job.folder import Stamps, fresh, link_programs, take
from wheelforge.job.job import Job, Workshop

__all__ = ["Job", "Stamps", "Workshop", "fresh", "link_programs", "take"]
