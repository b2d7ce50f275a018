"""The wheelhouse as a package index: static files that pip and uv read from disk or any web server.

HTML after PEP 503, with the `.metadata` files of PEP 658/714 beside the wheels; JSON after PEP
691/700 beside each page. PEP 833 froze the HTML, so whatever is new goes into the JSON only.
"""

from __future__ import annotations

import json
from contextlib import suppress
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from packaging.version import Version

from wheelforge import atomic, digest, wheel
from wheelforge.wheel import SIMPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

PAGE, DATA = "index.html", "index.json"
_META = {"api-version": "1.1"}


class _Entry(NamedTuple):
    file: str
    size: int
    sha256: str
    facts: wheel.WheelFacts

    @property
    def url(self) -> str:
        return f"../../{quote(self.file)}"


def write(wheelhouse: Path, *, sha256: Callable[[Path], str] = digest.of_file) -> list[Path]:
    """Write the index of every wheel in `wheelhouse`; the files it consists of, sorted.

    Files that say the same as before are not touched; pages of wheels that left are removed.
    `sha256` gives a wheel's digest: `digest.Memo.of_file` spares reading unchanged wheels again.
    InputError when a wheel is damaged.
    """
    entries = [_entry(path, sha256) for path in wheelhouse.glob("*.whl")]
    entries.sort(key=lambda one: (one.facts.name, Version(one.facts.version), one.file))
    projects = [(name, list(group)) for name, group in groupby(entries, lambda one: one.facts.name)]
    root = wheelhouse / SIMPLE
    # wheels before pages before the list of pages: a reader never meets a link to nothing
    files = {wheelhouse / f"{one.file}.metadata": one.facts.metadata for one in entries}
    for name, group in projects:
        files[root / name / PAGE] = _page(name, [_link(one) for one in group])
        files[root / name / DATA] = _project_data(name, group)
    names = [name for name, _ in projects]
    links = [f'<a href="{quote(name)}/">{escape(name)}</a>' for name in names]
    files[root / PAGE] = _page("Simple index", links)
    files[root / DATA] = _json({"meta": _META, "projects": [{"name": name} for name in names]})
    for path, data in files.items():
        atomic.write_if_changed(path, data)
    _remove_stale(wheelhouse, files)
    return sorted(files)


def _entry(path: Path, sha256: Callable[[Path], str]) -> _Entry:
    return _Entry(path.name, path.stat().st_size, sha256(path), wheel.read(path))


def _page(title: str, links: Iterable[str]) -> bytes:
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        '<head><meta charset="utf-8"><meta name="pypi:repository-version" content="1.0">',
        f"<title>{escape(title)}</title></head>",
        "<body>",
        *(f"{link}<br>" for link in links),
        "</body></html>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _link(one: _Entry) -> str:
    metadata = f"sha256={digest.of_bytes(one.facts.metadata)}"
    attributes = {
        "href": f"{one.url}#sha256={one.sha256}",
        "data-requires-python": one.facts.requires_python,
        "data-core-metadata": metadata,
        "data-dist-info-metadata": metadata,  # what pip before 23.2 calls it
    }
    words = [f'{name}="{escape(value)}"' for name, value in attributes.items() if value]
    return f"<a {' '.join(words)}>{escape(one.file)}</a>"


def _project_data(name: str, group: Sequence[_Entry]) -> bytes:
    versions = list(dict.fromkeys(one.facts.version for one in group))
    files = [_file_data(one) for one in group]
    return _json({"meta": _META, "name": name, "versions": versions, "files": files})


def _file_data(one: _Entry) -> dict[str, Any]:
    data = {
        "filename": one.file,
        "url": one.url,
        "hashes": {"sha256": one.sha256},
        "requires-python": one.facts.requires_python,
        "size": one.size,
        # from inside the wheel, not the clock: the same wheels give the same index
        "upload-time": one.facts.packed,
        "core-metadata": {"sha256": digest.of_bytes(one.facts.metadata)},
    }
    return {name: value for name, value in data.items() if value != ""}


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def _remove_stale(wheelhouse: Path, wanted: Iterable[Path]) -> None:
    wanted = set(wanted)
    ours = [*wheelhouse.glob("*.whl.metadata")]
    ours += [path for name in (PAGE, DATA) for path in wheelhouse.glob(f"{SIMPLE}/*/{name}")]
    for path in set(ours) - wanted:
        path.unlink()
        if path.name in {PAGE, DATA}:
            with suppress(OSError):  # somebody else's files in there are not ours to remove
                path.parent.rmdir()
