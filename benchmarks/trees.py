"""Source trees for the benchmarks: C++ whose compiles need the memory that was asked for.

One tree has build files for CMake, make and scons, and a recipe for each; the sources are the
same. A source instantiates class templates by the thousand, as generated bindings do: the compiler
keeps every one until it ends, so that its memory grows steadily (about 14 KB and 60 us each with
GCC 12) up to its peak. How much that is with this compiler is found out by `calibrate`.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tree_files

GIB = 1 << 30
TOOLS = ("ninja", "make", "scons")
_PROBES = (0, 20_000, 60_000)  # classes


@dataclass(frozen=True)
class Scale:
    """What a compiler holds at its peak, in bytes, by the number of classes in a source."""

    points: tuple[tuple[int, int], ...]

    def classes(self, peak: int) -> int:
        """How many classes make it hold `peak` bytes; 0 where it holds more without any."""
        pairs = list(zip(self.points, self.points[1:], strict=False))
        low, high = next((pair for pair in pairs if peak <= pair[1][1]), pairs[-1])
        share = (peak - low[1]) / (high[1] - low[1])
        return max(0, round(low[0] + share * (high[0] - low[0])))


@dataclass(frozen=True)
class Tree:
    """A source tree at `path` with `units` (names of sources, in the order of the build)."""

    name: str
    path: Path
    units: tuple[str, ...]

    def recipe(self, folder: Path, tool: str, *, edition: int = 1, depends: str = "") -> str:
        """Write the recipe that builds it with `tool`; its name. Another edition is all anew."""
        recipe = f"{self.name}-{tool}"
        backend, build = tree_files.BUILD[tool]
        text = tree_files.RECIPE.format(
            recipe=recipe, count=len(self.units), tool=tool, path=self.path, backend=backend,
            depends=", ".join(f'"{need}" = "*"' for need in depends.split()),
        )  # fmt: skip
        text += build.format(name=self.name) + f"EDITION = {edition}\n"
        if tool == "scons":
            text += tree_files.INSTALL.format(name=self.name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{recipe}.toml").write_text(text)
        return recipe


def calibrate(cxx: str = "g++") -> Scale:
    """Compile three probes with `cxx` and note what each held (a few seconds)."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _headers(folder, "probe")
        points = []
        for count in _PROBES:
            source = folder / f"probe{count}.cpp"
            source.write_text(_text("probe", source.stem, count, count))
            options = ("-O2", "-fPIC", f"-I{folder}/include", "-o", f"{source}.o")
            points.append((count, _peak(cxx, *options, "-c", str(source))))
    return Scale(tuple(points))


def spread(count: int, seed: int = 1, largest: float = 1.5) -> list[int]:
    """Peaks in bytes for `count` sources: half small, a third medium, some up to `largest` GiB."""
    choice = random.Random(seed)  # noqa: S311 - a tree, the same each time
    small, medium = count // 2, count // 3
    large = count - small - medium
    peaks = [
        *(choice.uniform(0.06, 0.15) for _ in range(small)),
        *(choice.uniform(0.2, 0.6) for _ in range(medium)),
        *(choice.uniform(0.55 * largest, largest) for _ in range(large - 1)),
        largest,
    ]
    choice.shuffle(peaks)
    return [int(peak * GIB) for peak in peaks]


def even(count: int, low: float, high: float, seed: int = 1) -> list[int]:
    """Peaks in bytes for `count` sources, anywhere between `low` and `high` GiB."""
    choice = random.Random(seed)  # noqa: S311
    return [int(choice.uniform(low, high) * GIB) for _ in range(count)]


def plant(path: Path, name: str, peaks: Sequence[int], scale: Scale) -> Tree:
    """Write a tree whose sources make a compiler hold `peaks` bytes."""
    units = tuple(f"{name}_{number:02}" for number in range(len(peaks)))
    _headers(path, name)
    (path / "src").mkdir(parents=True)
    for number, (unit, peak) in enumerate(zip(units, peaks, strict=True)):
        text = _text(name, unit, number, scale.classes(peak))
        (path / "src" / f"{unit}.cpp").write_text(text)
    sources = " ".join(f"src/{unit}.cpp" for unit in units)
    for file, text in tree_files.BUILD_FILES.items():
        (path / file).write_text(text.format(name=name, sources=sources))
    return Tree(name, path, units)


def _headers(path: Path, name: str) -> None:
    include = path / "include" / name
    include.mkdir(parents=True)
    (include / "kernels.hpp").write_text(tree_files.KERNELS)
    (include / "registry.hpp").write_text(tree_files.REGISTRY)


def _text(name: str, unit: str, number: int, classes: int) -> str:
    numbers = ",\n".join(f"Field<{one}>::number" for one in range(classes)) or "0"
    return tree_files.UNIT.format(name=name, unit=unit, number=number, numbers=numbers)


def _peak(*argv: str) -> int:
    """The most bytes a program or one of those it waited for held; it has to succeed."""
    pid = os.posix_spawnp(argv[0], argv, os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{argv[0]} could not compile a probe: status {status}")
    return usage.ru_maxrss * 1024
