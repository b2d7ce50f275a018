"""Builds the same twice, here and as somebody else elsewhere, and compares all that came of it.

`python benchmarks/reproducible.py [REQUIREMENT] [OPTION…]`: what `wheelforge build` takes, such as
`numpy==2.2.3 --overlay debian`; without it the mini stack. The second build has a home with a
longer path, a clock that is 400 days ahead, another HOME, umask, locale and time zone, and one job.
Ends with 3 where a wheel or a library is not the same, and says what differs in it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from forge import Forge
from wheelforge.cli.compare import told
from wheelforge.compare import compare
from wheelforge.store import Store

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from elsewhere import elsewhere

DAYS = 400


def built(forge: Forge, words: list[str], started_by: list[str], env: dict[str, str]) -> float:
    """Build into a forge's wheelhouse; the seconds it took."""
    own = [sys.executable, "-m", "wheelforge", "build", *words, "--no-verify"]
    start = time.perf_counter()
    subprocess.run(
        [*started_by, *own, "--wheelhouse", str(forge.root / "wheels")], env=env, check=True
    )
    return time.perf_counter() - start


def libraries(forge: Forge) -> dict[str, Path]:
    """The libraries in a forge's store by their names."""
    entries = Store(forge.home / "store").entries()
    return {
        entry.manifest.name: entry.path
        for entry in entries
        if entry.manifest.step.startswith("build:") and not entry.manifest.product
    }


def main() -> int:
    """Build, compare and print; the exit code."""
    words = sys.argv[1:] or ["minitorch"]
    with tempfile.TemporaryDirectory(prefix="reproducible-") as folder:
        here = Forge(Path(folder, "here"))
        there = Forge(Path(folder, "elsewhere", "in-a-folder-with-a-much-longer-name"))
        bundle = Path(folder, "sources.tar")
        for forge in (here, there):
            forge.home.mkdir(parents=True)
        fetch = [sys.executable, "-m", "wheelforge", "fetch", *words, "--bundle", str(bundle)]
        subprocess.run(fetch, env=here.env, check=True)
        words += ["--bundle", str(bundle)]
        other = elsewhere(Path(folder, "other"), DAYS)
        first = built(here, words, [], here.env)
        env = {**other.env, "WHEELFORGE_HOME": str(there.home)}
        second = built(there, [*words, "-j1"], other.argv(), env)
        print(f"\nbuilt in {first:.0f} s here, in {second:.0f} s elsewhere with one job\n")
        pairs = [
            (path, there.root / "wheels" / path.name)
            for path in sorted((here.root / "wheels").glob("*.whl"))
        ]
        more = libraries(there)
        pairs += [(path, more[name]) for name, path in sorted(libraries(here).items())]
        found = [compare(one, two) for one, two in pairs]
        for (one, _), comparison in zip(pairs, found, strict=True):
            print(f"{one.name}: {'the same' if comparison.equal else 'DIFFERENT'}")
            if not comparison.equal or comparison.notes:
                print("\n".join(f"  {line}" for line in told(comparison)))
    return 0 if all(comparison.equal for comparison in found) else 3


if __name__ == "__main__":
    sys.exit(main())
