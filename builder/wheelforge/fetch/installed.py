"""Makes wheels again of pure-Python distributions installed beside wheelforge.

What a build needs most often (setuptools) is there already: this needs no network. The wheels hold
exactly the files their RECORD lists, each checked against its digest.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import zipfile
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from wheelforge.fetch import closure
from wheelforge.fetch.closure import Known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.graph import WheelSet

_TAGS = frozenset({"py3-none-any", "py2-none-any"})
_INSTALLERS = frozenset({"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "RECORD"})
_EPOCH = (1980, 1, 1, 0, 0, 0)


class _Row(NamedTuple):
    name: str
    digest: str
    path: Path


class _Installed(NamedTuple):
    known: Known
    info: str
    tags: tuple[str, ...]
    rows: tuple[_Row, ...]


def rebuild(wanted: WheelSet, folder: Path) -> list[Path] | None:
    """Write the wheels of the whole closure into `folder`; None when any of it cannot serve."""
    found: dict[str, _Installed | None] = {}

    def look(name: str) -> Known | None:
        if name not in found:
            found[name] = _find(name, wanted.python)
        distribution = found[name]
        return distribution.known if distribution else None

    needed = closure.walk(wanted, look)
    if needed.missing:
        return None
    wheels = [found[name] for name in needed.names]
    return [_write(wheel, folder) for wheel in wheels if wheel]


def _find(name: str, python: str) -> _Installed | None:
    """An installed distribution, when it is pure Python, whole, and fit for `python`."""
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    wheel = HeaderParser().parsestr(distribution.read_text("WHEEL") or "")
    tags = tuple(wheel.get_all("Tag", []))
    pure = wheel.get("Root-Is-Purelib") == "true" and "py3-none-any" in tags and set(tags) <= _TAGS
    if not pure or _is_editable(distribution) or not _fits(distribution, python):
        return None
    rows = list(_rows(distribution))
    infos = {row.name.split("/")[0] for row in rows if row.name.count("/") == 1}
    infos = {info for info in infos if info.endswith(".dist-info")}
    if len(infos) != 1 or not all(_is_intact(row) for row in rows):
        return None
    info = infos.pop()
    skipped = {f"{info}/{name}" for name in _INSTALLERS}
    kept = tuple(row for row in rows if row.name not in skipped)
    known = Known(distribution.version, tuple(distribution.requires or ()))
    return _Installed(known, info, tags, kept)


def _is_editable(distribution: metadata.Distribution) -> bool:
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))


def _fits(distribution: metadata.Distribution, python: str) -> bool:
    try:
        wanted = SpecifierSet(distribution.metadata["Requires-Python"] or "")
    except InvalidSpecifier:
        return False
    return wanted.contains(python, prereleases=True)


def _rows(distribution: metadata.Distribution) -> Iterator[_Row]:
    """What RECORD lists, but for compiled files and the scripts an installer writes anew."""
    scripts = {f"bin/{point.name}" for point in distribution.entry_points}
    for name, found, _ in csv.reader(io.StringIO(distribution.read_text("RECORD") or "")):
        compiled = "__pycache__" in name.split("/") or name.endswith(".pyc")
        script = name.startswith("../") and "/".join(name.split("/")[-2:]) in scripts
        if not compiled and not script:
            yield _Row(name, found, Path(str(distribution.locate_file(name))))


def _is_intact(row: _Row) -> bool:
    """Whether a file is inside site-packages, is there, and is what was installed."""
    if row.name.startswith(("/", "../")) or not row.path.is_file():
        return False
    return not row.digest or row.digest == _digest(row.path.read_bytes())


def _digest(data: bytes) -> str:
    found = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={found.decode()}"


def _write(wheel: _Installed, folder: Path) -> Path:
    """One wheel; stored, not deflated: compressors differ, and the bytes are its identity."""
    python = ".".join(sorted(tag.split("-")[0] for tag in wheel.tags))
    result = folder / f"{wheel.info.removesuffix('.dist-info')}-{python}-none-any.whl"
    record = io.StringIO()
    lines = csv.writer(record, lineterminator="\n")
    with zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as out:
        for row in sorted(wheel.rows):
            data = row.path.read_bytes()
            out.writestr(_entry(row.name, executable=bool(row.path.stat().st_mode & 0o100)), data)
            lines.writerow((row.name, _digest(data), len(data)))
        name = f"{wheel.info}/RECORD"
        lines.writerow((name, "", ""))
        out.writestr(_entry(name, executable=False), record.getvalue())
    return result


def _entry(name: str, *, executable: bool) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = 3  # Unix: the mode counts
    info.external_attr = (0o100755 if executable else 0o100644) << 16
    return info
