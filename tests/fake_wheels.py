"""Small wheels that pip accepts, written without building anything."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DATE = (2025, 5, 9, 12, 30, 0)


def make_wheel(
    folder: Path,
    project: str,
    version: str = "1.0",
    *,
    requires: Sequence[str] = (),
    requires_python: str = "",
    files: Mapping[str, str | bytes] | None = None,
    tag: str = "py3-none-any",
    date: tuple[int, int, int, int, int, int] = DATE,
) -> Path:
    """A wheel of one module, named like the project, that knows its version."""
    name = project.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    headers = [f"Name: {project}", f"Version: {version}"]
    headers += [f"Requires-Python: {requires_python}"] if requires_python else []
    headers += [f"Requires-Dist: {text}" for text in requires]
    given = files if files is not None else {f"{name}.py": f"VERSION = {version!r}\n"}
    contents = {
        path: text if isinstance(text, bytes) else text.encode() for path, text in given.items()
    }
    metadata = "\n".join(["Metadata-Version: 2.1", *headers]) + "\n\nFake.\n"
    contents[f"{info}/METADATA"] = metadata.encode()
    contents[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    record = [f"{path},{_record_hash(data)},{len(data)}" for path, data in contents.items()]
    contents[f"{info}/RECORD"] = ("\n".join([*record, f"{info}/RECORD,,"]) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        for path, data in contents.items():
            file.writestr(zipfile.ZipInfo(path, date), data)
    return wheel


def _record_hash(data: bytes) -> str:
    found = hashlib.sha256(data).digest()
    return "sha256=" + base64.urlsafe_b64encode(found).rstrip(b"=").decode()


def flip_byte(path: Path, needle: bytes) -> None:
    """Change the first byte of `needle` inside a file, keeping its length."""
    data = path.read_bytes()
    at = data.index(needle)
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
