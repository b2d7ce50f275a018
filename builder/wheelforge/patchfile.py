"""Which files a patch touches, read before `patch` is: it must stay inside of its tree.

`patch` refuses most of what leads outside, but which of it depends on its release. Only unified
diffs are taken; of git's additions not the symbolic links.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from wheelforge.errors import InputError
from wheelforge.untrusted import contents, named
from wheelforge.untrusted.limits import PATCH_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HUNK = re.compile(r"@@ -[0-9]{1,9}(?:,([0-9]{1,9}))? \+[0-9]{1,9}(?:,([0-9]{1,9}))? @@")
# patch also takes a diff that is indented, or was sent inside of a mail (RFC 934)
_INDENTED = re.compile(r"(?:[ \tX]|- )*")
_FILE = re.compile(r"(---|\+\+\+|\*\*\*|Index:|(?:rename|copy) (?:from|to)) (.*)", re.DOTALL)
_GIT = re.compile(r"diff --git (.*)", re.DOTALL)
_LINK = re.compile(r"(?:new|old|new file|deleted file) mode 120000\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|(.))", re.DOTALL)
_NOWHERE = "/dev/null"


def vet(patch: Path, strip: int, tree: Path) -> None:
    """InputError where a patch, applied in `tree`, would touch anything outside of it."""
    root = os.path.realpath(tree)
    for name in sorted(touched(patch, strip)):
        real = os.path.realpath(tree / name)
        if real != root and not real.startswith(f"{root}/"):
            raise _refused(patch, f"it changes '{named(name)}' through a link that leads outside")


def touched(patch: Path, strip: int) -> set[str]:
    """The names it may change, without `strip` leading folders; InputError for what leads out."""
    try:
        text = os.fsdecode(contents(patch, PATCH_BYTES))
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", where=str(patch), remedy="restore the patch"
        ) from error
    found: set[str] = set()
    for name in _names(text, patch):
        if "\0" in name:
            raise _refused(patch, f"it changes '{named(name)}', and no file has NUL in its name")
        if ".." in name.split("/"):
            raise _refused(patch, f"it changes '{named(name)}', which leads outside")
        inside = _stripped(name, strip)
        if inside.startswith("/"):
            raise _refused(patch, f"it changes '{named(name)}', which leads outside")
        found.add(inside)
    return found - {""}


def _names(text: str, patch: Path) -> Iterator[str]:
    """Every name in the headers, in each way it may be read; what is in hunks is passed over."""
    old = new = 0
    in_file = False
    for line in text.split("\n"):
        if old > 0 or new > 0:
            taken = _taken(line, patch)
            old, new = old - taken[0], new - taken[1]
        elif found := _HUNK.match(line):
            if not in_file:
                raise _refused(patch, "a hunk belongs to no file")
            old, new = (int(count) if count else 1 for count in found.groups())
        else:
            head = _INDENTED.sub("", line.rstrip("\r"), count=1)
            if _LINK.fullmatch(head):
                raise _refused(patch, "it makes a symbolic link")
            names = list(_of_header(head))
            in_file = in_file or head.startswith("+++ ") or bool(names)
            yield from names


def _taken(line: str, patch: Path) -> tuple[int, int]:
    """How many lines of the old and the new file a line of a hunk is."""
    match line[:1]:
        case "-":
            return 1, 0
        case "+":
            return 0, 1
        case "\\":
            return 0, 0
        case " " | "\t" | "\r" | "":
            return 1, 1
        case _:
            raise _refused(patch, f"'{named(line)}' has no place in a hunk")


def _of_header(line: str) -> Iterator[str]:
    if found := _FILE.match(line):
        yield from _spellings(found[2])
    elif found := _GIT.match(line):
        words = [_unquoted(match[1]) for match in _QUOTED.finditer(found[1])]
        yield from (*words, *_QUOTED.sub(" ", found[1]).split(" "), found[1])


def _spellings(text: str) -> Iterator[str]:
    """A name may end at a tabulator, at a space, or be quoted as in C."""
    if quoted := _QUOTED.match(text):
        yield _unquoted(quoted[1])
        return
    for name in {text, text.partition("\t")[0], (text.split() or [""])[0]}:
        if name != _NOWHERE and not name.startswith(f"{_NOWHERE}\t"):
            yield name


def _unquoted(text: str) -> str:
    return os.fsdecode(os.fsencode(_ESCAPE.sub(_character, text)))


def _character(match: re.Match[str]) -> str:
    """What an escape stands for: a byte, which may be one of several of a character."""
    byte = int(match[1] or "0", 8) & 255
    return match[2] or chr(byte if byte < 0x80 else 0xDC00 + byte)  # noqa: PLR2004


def _stripped(name: str, strip: int) -> str:
    """As patch(1): the smallest prefix with that many slashes goes; several in a row are one."""
    for _ in range(strip):
        _, slash, rest = name.partition("/")
        if not slash:
            return ""
        name = rest.lstrip("/")
    return name


def _refused(patch: Path, why: str) -> InputError:
    return InputError(
        f"the patch is refused: {why}",
        where=str(patch),
        remedy="do not trust it; write it anew as a unified diff inside of the tree",
    )
