"""What is fuzzed: for each name a module with `check`, `seeds` and `mutated`.

`check` takes any bytes, and raises where reading them does what it must not. `seeds` are good
inputs; `mutated` changes one so that it gets beyond the first test of it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

CORPUS = Path(__file__).parent / "corpus"
NAMES = ("elf", "wheel", "zip", "tar", "recipe", "tables", "patch", "page", "house")


class Target(Protocol):
    """A way in for foreign data."""

    def check(self, data: bytes) -> None: ...
    def seeds(self) -> Iterator[bytes]: ...
    def mutated(self, data: bytes, dice: Random) -> bytes: ...


def target(name: str) -> Target:
    """The module of a target; importing it imports what it tries."""
    return cast("Target", import_module(f"fuzz_{name}"))


def kept(name: str) -> list[Path]:
    """The inputs that are kept for it."""
    return sorted(path for path in (CORPUS / name).glob("*") if path.is_file())
