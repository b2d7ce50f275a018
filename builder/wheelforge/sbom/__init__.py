"""Bills of materials: a CycloneDX document in every wheel that is built (PEP 770)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.sbom.enclose import enclose, record_of
from wheelforge.sbom.origins import Ground, Held, Library, held

if TYPE_CHECKING:
    from pathlib import Path

    from wheelforge.bill import Bill

__all__ = ["NAME", "Ground", "Held", "Library", "add", "enclose", "held", "record_of"]

NAME = "sboms/wheelforge.cdx.json"  # below .dist-info; auditwheel's own is beside it


def add(wheel: Path, raw: Path, bill: Bill, ground: Ground, epoch: int) -> None:
    """Put the document about a repaired wheel into it; `raw` is the wheel as it was built."""
    from wheelforge.sbom.document import document

    inside = list(held(record_of(raw), record_of(wheel), ground))
    enclose(wheel, NAME, document(bill, inside, epoch), epoch)
