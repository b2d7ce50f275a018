"""What was found in machine code: which extension, in which function, how often."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from wheelforge.isa.mangled import readable

Evidence: TypeAlias = Literal["mapped", "function", "crowd", "alone"]


@dataclass(frozen=True, kw_only=True)
class Use:
    """Instructions of one extension in one function.

    `symbol` is as the file has it, empty where no table names the function; `start` is the address
    of the function, or of the first instruction where even that is not known. `file` is the source
    file of a function that is local to it, where .symtab tells. `places` are the
    addresses of the first few of the `count` instructions. `evidence` says why they are taken for
    code: the mapping symbols say so, they are in a function, they are many outside of any known
    function, or (`alone`) there is no reason at all.
    """

    extension: str
    symbol: str
    file: str = ""
    start: int
    count: int
    places: tuple[int, ...]
    evidence: Evidence

    @cached_property
    def name(self) -> str:
        """The symbol for people; empty where it is not known."""
        return readable(self.symbol)
