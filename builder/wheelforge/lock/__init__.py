"""Which wheels belong together, each with its SHA-256, and whether they really do."""

from wheelforge.lock.closure import collisions, missing
from wheelforge.lock.document import write

__all__ = ["collisions", "missing", "write"]
