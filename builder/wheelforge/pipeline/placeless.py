"""Takes this machine's places out of a plan's strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from wheelforge import catalog
from wheelforge.graph import Plan, Step

_COMMON = {"/bin", "/usr/bin", "/usr/local/bin"}  # of every system: they say nothing of this one


class Placeless:
    """Texts of one plan with names in place of where things are.

    What is there is told by digest or version elsewhere.
    """

    def __init__(self, plan: Plan, home: Path) -> None:
        known: dict[str, str] = {}
        for path, name in _places(plan, home):
            known.setdefault(path, name)
        longest = sorted(known, key=lambda path: (-len(path), path))
        self._known = known
        self._pattern = re.compile(f"(?:{'|'.join(map(re.escape, longest))})(?![\\w.+-])")

    def __call__(self, text: str) -> str:
        """The text without them."""
        return self._pattern.sub(lambda match: self._known[match[0]], text)

    def argv(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """A command; a program that was looked for on this machine by its name alone."""
        first, *rest = map(self, words)
        program = f"@{{bin}}/{Path(first).name}" if first.startswith("/") else first
        return (program, *rest)


def _places(plan: Plan, home: Path) -> Iterator[tuple[str, str]]:
    compilers = plan.compilers
    if compilers is not None:
        for role, path in compilers.paths.items():
            yield path, f"@{{toolchain.{role}}}"
        for path in compilers.paths.values():
            if (folder := str(Path(path).parent)) not in _COMMON:
                yield folder, "@{toolchain.bin}"
        if compilers.sysroot is not None:
            yield compilers.sysroot.path, "@{sysroot}"
    yield plan.python.path, "@{python}"
    if plan.python.include:
        yield plan.python.include, "@{python.include}"
    for step in plan.steps:
        yield from _programs(step)
    yield str(catalog.shipped()), "@{wheelforge}"
    yield str(home), "@{home}"


def _programs(step: Step) -> Iterator[tuple[str, str]]:
    for name, path in getattr(step, "programs", {}).items():
        yield path, f"@{{bin}}/{name}"
