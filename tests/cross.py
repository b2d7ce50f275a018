"""A cross assembler as an oracle, and small libraries made with a cross compiler."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PREFIX = "aarch64-linux-gnu-"
needs_cross = pytest.mark.skipif(
    shutil.which(f"{PREFIX}gcc") is None, reason="there is no cross compiler for aarch64"
)
_LINE = re.compile(r"^\s*([0-9a-f]+):\t([0-9a-f]{8}) \t(.*)$", re.MULTILINE)


def disassembled(words: Sequence[int], folder: Path) -> list[str]:
    """What binutils makes of each word; empty where it is no instruction or a strange one."""
    path = folder / "words.bin"
    path.write_bytes(b"".join(word.to_bytes(4, "little") for word in words))
    ran = subprocess.run(
        [f"{PREFIX}objdump", "-D", "-z", "-b", "binary", "-m", "aarch64", path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = [""] * len(words)
    for place, _, text in _LINE.findall(ran.stdout):
        sound = not text.startswith(".inst") and "undefined" not in text and "note:" not in text
        found[int(place, 16) // 4] = text.partition("//")[0].strip() if sound else ""
    return found


def refused(lines: Sequence[str], folder: Path) -> set[int]:
    """The numbers (from 0) of the lines that the assembler does not take."""
    source = folder / "lines.s"
    source.write_text("\n".join([*lines, ""]))
    ran = subprocess.run(
        [f"{PREFIX}as", "-o", folder / "lines.o", source],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return {int(line) - 1 for line in re.findall(r"lines\.s:(\d+): Error", ran.stderr)}


def library(folder: Path, source: str, *flags: str, name: str = "libsmall.so") -> Path:
    """A shared library of C source (or assembly, after `asm:`) for aarch64, without libc."""
    kind, text = ("s", source[4:]) if source.startswith("asm:") else ("c", source)
    path, made = folder / f"{name}.{kind}", folder / name
    path.write_text(text)
    subprocess.run(
        [f"{PREFIX}gcc", "-O2", "-shared", "-fPIC", "-nostdlib", "-g0", *flags, "-o", made, path],
        check=True,
    )
    return made


def stripped(path: Path) -> Path:
    """The same library without .symtab."""
    made = path.with_name(f"stripped-{path.name}")
    subprocess.run([f"{PREFIX}strip", "-o", made, path], check=True)
    return made
