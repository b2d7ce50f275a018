"""How fast machine code is audited: MB of code a second, for the files named or for a made one.

`python benchmarks/isa.py [LIBRARY…]`. Without libraries: 256 MB of random AArch64 words, of which
one in fourteen is of some extension. Table: the look-up alone. All:
with symbols, functions, and recipes, as `wheelforge audit --target a64fx` does it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from wheelforge import catalog
from wheelforge.audit import audit
from wheelforge.audit.permits import read_permits
from wheelforge.isa import aarch64
from wheelforge.isa.image import Image

RUNS = 3


def looked_up(code: list[np.ndarray[tuple[int], np.dtype[np.uint32]]]) -> float:
    """The least seconds to classify every word of some sections."""
    found = []
    for _ in range(RUNS):
        start = time.perf_counter()
        for words in code:
            aarch64.classify(words)
        found.append(time.perf_counter() - start)
    return min(found)


def main() -> None:
    """Measure and print."""
    started = time.perf_counter()
    aarch64.classify(np.zeros(1, np.uint32))
    print(f"the table is made in {time.perf_counter() - started:.3f} s")
    if not sys.argv[1:]:
        words = np.random.default_rng(1).integers(0, 1 << 32, 64 << 20, dtype=np.uint32)
        print(f"random words: table {words.nbytes / 1e6 / looked_up([words]):.0f} MB/s")
    target = catalog.load_target("a64fx")
    permits = read_permits(catalog.open_catalog(), target)
    for path in map(Path, sys.argv[1:]):
        image = Image(path)
        code = [item.data[: len(item.data) // 4 * 4].view("<u4") for item in image.code()]
        size = sum(words.nbytes for words in code) / 1e6
        whole = min(audit(path, permits, target).libraries[0].seconds for _ in range(RUNS))
        print(
            f"{path.name}: {size:.1f} MB of code, table {size / looked_up(code):.0f} MB/s, "
            f"all {size / whole:.0f} MB/s"
        )


if __name__ == "__main__":
    main()
