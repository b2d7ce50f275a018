"""Puts what a round found into the corpus: `keeping.py TARGET FOLDER BYTES`.

Findings are kept whole, as `found-…`. Of the rest those inputs, smallest first, that lead somewhere
in wheelforge where no other one does; what was kept before and leads nowhere new any more goes.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "fuzz"), str(TESTS)]

from shrinking import essential  # noqa: E402
from targets import CORPUS, kept, target  # noqa: E402


def main() -> None:
    """Rewrite the corpus of one target."""
    name, work, most = sys.argv[1], Path(sys.argv[2], sys.argv[1]), int(sys.argv[3])
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    for path in (work / "findings").glob("*"):
        if path.suffix != ".txt":
            shutil.copy(path, folder / path.name)
    inputs = [path.read_bytes() for path in (*kept(name), *(work / "corpus").iterdir())]
    found = target(name)
    chosen = essential(found.check, inputs, most)
    for path in kept(name):
        if not path.name.startswith("found-"):
            path.unlink()
    for data in chosen:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    size = sum(path.stat().st_size for path in kept(name))
    sys.stdout.write(f"{name}: {len(kept(name))} inputs are kept, {size:,} bytes\n")


if __name__ == "__main__":
    main()
