"""What a library says of itself: versions and build options among its constants."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wheelforge.isa.image import Image

# how each library writes it: ACL in its SConscript, OpenBLAS in openblas_config.h, GCC and LLVM in
# every object's .comment
_SAID = (
    (b"_compute_version=v", re.compile(rb"[a-z]{1,40}_compute_version=v[\x20-\x7e]{4,4000}")),
    (b"OpenBLAS ", re.compile(rb"OpenBLAS \d+\.\d+[\x20-\x7e]{0,300}")),
)
_COMPILER = re.compile(rb"(?:GCC: |clang version |Arm |FUJITSU|fcc)[\x20-\x7e]{1,120}")
_MOST = 1000  # what is said; the same comes once for every object file
_BEFORE = 40  # bytes in which what comes before a mark begins


def identity(image: Image, commits: Mapping[str, str]) -> tuple[str, ...]:
    """Version strings as the file holds them, compilers, and which known commits it names.

    `commits` maps a commit to what it is (`onednn 3.5.3`): oneDNN keeps its version as numbers, and
    only the commit as text.
    """
    found = dict.fromkeys(islice(_said(image, commits), _MOST))
    return tuple(found)


def _said(image: Image, commits: Mapping[str, str]) -> Iterator[str]:
    for data in image.constants():
        for mark, pattern in _SAID:
            at = data.find(mark)
            if at >= 0:
                found = pattern.finditer(data, max(at - _BEFORE, 0))
                yield from (match.group().decode().strip() for match in found)
        for commit, what in commits.items():
            if commit.encode() in data:
                yield f"{what} (commit {commit})"
    for match in _COMPILER.finditer(image.section(".comment")):
        yield match.group().decode().strip()
