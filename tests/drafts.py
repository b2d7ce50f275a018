"""A small wheel of real libraries in which nothing is wrong, to be spoilt; it needs `cc`."""

from __future__ import annotations

import base64
import hashlib
import platform
import shutil
import struct
import subprocess
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
MACHINE = platform.machine()
PLATFORM = f"manylinux_2_17_{MACHINE}"
CORE = f"demo/_core.cpython-313-{MACHINE}-linux-gnu.so"
HELPER, EXTRA = "demo.libs/libhelper-0a1b2c3d.so.1", "demo/extra.so"
LINKED = ("-s", "-Wl,-z,now", "-Wl,-z,relro", "-Wl,-z,noexecstack", "-Wl,-z,max-page-size=65536")
METADATA = """Metadata-Version: 2.4
Name: demo
Version: {version}
License-File: LICENSE
Requires-Dist: base==2.6.0

A wheel for tests.
"""


@dataclass
class Draft:
    """The parts of a wheel; `rows` replace or, where None, leave out rows of RECORD."""

    folder: Path
    files: dict[str, bytes]
    version: str = "1.0"
    tag: str = f"cp313-cp313-{PLATFORM}"
    build: str = ""
    rows: dict[str, str | None] = field(default_factory=dict)
    late: dict[str, bytes] = field(default_factory=dict)
    info: dict[str, str | None] = field(default_factory=dict)

    def compiled(self, source: str, *flags: str, plain: Sequence[str] = LINKED) -> bytes:
        """A shared library of C source."""
        return compiled(self.folder, source, *plain, *flags)

    def packed(self) -> Path:
        """The wheel: RECORD is written last, of `files` as they are before those of `late`."""
        info = f"demo-{self.version}.dist-info"
        texts = {
            "METADATA": METADATA.format(version=self.version),
            "WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {self.tag}\n",
            "licenses/LICENSE": "Do as you like.\n",
            "entry_points.txt": "[console_scripts]\ndemo = demo:main\n",
            **self.info,
        }
        files = dict(self.files)
        files |= {
            f"{info}/{name}": text.encode() for name, text in texts.items() if text is not None
        }
        files[f"{info}/RECORD"] = self._record(files, f"{info}/RECORD")
        files |= self.late
        parts = ["demo", self.version, *([self.build] if self.build else []), self.tag]
        path = self.folder / f"{'-'.join(parts)}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                if data != b"(none)":
                    archive.writestr(name, data)
        return path

    def _record(self, files: dict[str, bytes], own: str) -> bytes:
        rows: dict[str, str | None] = {name: _row(data) for name, data in files.items()}
        rows |= {own: ",", **self.rows}
        return "".join(f"{name},{row}\n" for name, row in rows.items() if row is not None).encode()


def _row(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(data)}"


def compiled(folder: Path, source: str, *flags: str, compiler: str = "cc") -> bytes:
    """A shared library of C source, built in a folder."""
    (folder / "source.c").write_text(source)
    words = [compiler, "-shared", "-fPIC", "-O1", "source.c", "-o", "made.so", *flags]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return (folder / "made.so").read_bytes()


def linked(folder: Path, name: str, source: str, *flags: str) -> bytes:
    """A library called `name`, which others in the folder can be linked against."""
    data = compiled(folder, source, *LINKED, f"-Wl,-soname,{name}", *flags)
    (folder / name).write_bytes(data)
    return data


def good_files(folder: Path) -> dict[str, bytes]:
    """An extension module that needs a grafted library, and a library by itself."""
    name = HELPER.rpartition("/")[2]
    helper = linked(folder, name, "int helper(int x) { return x + 1; }")
    core = "int helper(int); void *PyModule_Create2(void *, int); void *PyInit__core(void);\n"
    core += "void *PyInit__core(void) { return PyModule_Create2(0, helper(1)); }"
    found = "-Wl,-rpath,$ORIGIN/../demo.libs"
    extra = "#include <stdlib.h>\nint extra(const char *text) { return atoi(text); }"
    return {
        "demo/__init__.py": b"def main(): pass\n",
        CORE: compiled(folder, core, *LINKED, name, found),
        HELPER: helper,
        EXTRA: compiled(folder, extra, *LINKED),
    }


def segments(data: bytes, kind: int) -> list[int]:
    """Where the program headers of a kind begin in a 64-bit file."""
    (offset,) = struct.unpack_from("<Q", data, 32)
    (count,) = struct.unpack_from("<H", data, 56)
    every = [offset + 56 * number for number in range(count)]
    return [at for at in every if struct.unpack_from("<I", data, at)[0] == kind]
