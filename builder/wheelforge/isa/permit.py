"""What is allowed to need more than a processor has: code behind a choice at run time."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wheelforge.isa.use import Use

_FILE = "file:"
_Glob: TypeAlias = re.Pattern[str] | None


@dataclass(frozen=True)
class Permit:
    """One source of permission: a recipe, or the compiler; `dispatch` as in the recipe."""

    name: str
    dispatch: Mapping[str, tuple[str, ...]]
    _globs: dict[str, tuple[_Glob, _Glob]] = field(default_factory=dict, repr=False)

    def covers(self, use: Use) -> bool:
        """True where a pattern for the extension matches the symbol, mangled or readable."""
        if use.extension not in self._globs:
            self._globs[use.extension] = self._compiled(use.extension)
        symbols, files = self._globs[use.extension]
        return bool(
            (symbols and (symbols.match(use.symbol) or symbols.match(use.name)))
            or (files and use.file and files.match(f"{_FILE}{use.file}"))
        )

    def _compiled(self, extension: str) -> tuple[_Glob, _Glob]:
        """The globs of symbols and those of files; a `*` of the one must not match the other."""
        given = [
            pattern
            for wanted, patterns in self.dispatch.items()
            if fnmatch.fnmatchcase(extension, wanted)
            for pattern in patterns
        ]
        return (
            _glob(item for item in given if not item.startswith(_FILE)),
            _glob(item for item in given if item.startswith(_FILE)),
        )


def _glob(patterns: Iterable[str]) -> _Glob:
    text = "|".join(map(fnmatch.translate, patterns))
    return re.compile(text) if text else None


# libgcc's atomics ask the processor first: -moutline-atomics, GCC's default since 10
COMPILER = Permit("compiler", {"lse": ("__aarch64_*",)})
