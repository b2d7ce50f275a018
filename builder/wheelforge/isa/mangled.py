"""The function that a mangled C++ symbol names, without a demangler: for people, and for globs.

Not every machine has a demangler, and what a glob matches must not depend on the machine. Of the
Itanium C++ ABI's grammar only as much is read as leads to the name; arguments are left out.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TOKEN = re.compile(
    r"L_Z|L[a-z]n?\d*E|L"  # an external name, ended by E; a plain literal; one of an own type
    r"|S[0-9A-Z]*_|S[a-z]|T[0-9A-Z]*_|D[a-z0-9]"  # substitution, template parameter, two letters
    r"|\d{1,9}|[NIXFJE]|."  # an identifier's length, or a literal's value; what E ends; others
)
_OPENING = frozenset({"N", "I", "X", "F", "J", "L", "L_Z"})
_TYPED = "a literal whose type was read: a number is its value"
_ANONYMOUS = "_GLOBAL__N_"


@lru_cache(maxsize=4096)
def readable(symbol: str) -> str:
    """`arm_gemm::sve_hybrid_fp32_mla_6x4VL` for `_ZN8arm_gemm25sve_hybrid_fp32_mla_6x4VLEPKf…`.

    Template arguments become `<…>`, and what is inside of a function (a lambda, mostly) `(local)`.
    A symbol of C, or one that is no function's, stays as it is.
    """
    if symbol.startswith("_ZN"):
        names = _nested(symbol)
    elif found := re.match(r"_ZZ+(?=N)", symbol):
        names = [*_nested(f"_Z{symbol[found.end() :]}"), "(local)"]
    elif found := re.match(r"_ZL?(\d{1,9})", symbol):
        names = [symbol[found.end() : found.end() + int(found.group(1))]]
    else:
        names = []
    return "::".join(names) or symbol


def _nested(symbol: str) -> list[str]:
    """The parts of a nested name: `_ZN` up to the `E` that ends it."""
    names: list[str] = []
    opened, at = ["N"], 3
    while opened and (token := _TOKEN.match(symbol, at)) is not None:
        text, at = token.group(), token.end()
        size = int(text) if text.isdecimal() and opened[-1] != _TYPED else 0
        name, at = symbol[at : at + size], at + size
        if len(opened) == 1:
            at += _take(text, name, symbol[at : at + 1], names)
        if text in _OPENING:
            opened.append(text)
            continue
        if text == "E":
            opened.pop()
        if opened and opened[-1] == "L":
            opened[-1] = _TYPED
    return names


def _take(text: str, name: str, following: str, names: list[str]) -> int:
    """Add to the parts what an outermost token means; how much more of the symbol that took."""
    if name:
        names.append("(anonymous)" if name.startswith(_ANONYMOUS) else name)
    elif text == "I" and names:
        names[-1] += "<…>"
    elif special := _special(text, following, names):
        names.append(special)
        return len(text) == 1
    return 0


def _special(text: str, following: str, names: list[str]) -> str:
    """std, and constructors and destructors, which have their class's name."""
    if text == "St":
        return "std"
    own = names[-1].removesuffix("<…>") if names else ""
    if text == "C" and following.isdecimal():
        return own
    if text in {"D0", "D1", "D2"}:
        return f"~{own}"
    return ""
