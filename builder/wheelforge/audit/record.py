"""RECORD: every file with its digest and size, and no other."""

from __future__ import annotations

import base64
import csv
import io
import re
from typing import TYPE_CHECKING, NamedTuple

from wheelforge.audit.rules import found
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wheelforge.audit.contents import Contents, Member
    from wheelforge.audit.findings import Finding

_UNLISTED = ("RECORD.jws", "RECORD.p7s")
_STRONG = frozenset({"sha256", "sha384", "sha512"})
_SIZE = re.compile(r"[0-9]{1,20}")
_NAMED = 3


class _Row(NamedTuple):
    digest: str
    size: str


def judge(wheel: Contents) -> Iterator[Finding]:
    """RECORD against what was read."""
    text = wheel.text("RECORD")
    if text is None:
        yield found("record.missing", "there is no RECORD", wheel.path.name)
        return
    where = f"{wheel.info}/RECORD"
    rows, bad = _rows(text)
    unlisted = {f"{wheel.info}/{name}" for name in _UNLISTED}
    listed = {item.path: item for item in wheel.members}
    bad += [path for path in rows if path in unlisted]
    bad += [path for path, row in rows.items() if not _usable(row, own=path == where)]
    yield from _told("record.row", "rows that cannot be used", bad, where)
    gone = [path for path in rows if path not in listed]
    yield from _told("record.absent", "files that are not there", gone, where)
    more = [path for path in listed if path not in rows and path not in unlisted]
    yield from _told("record.extra", "files that it does not list", more, where)
    changed = [path for path, row in rows.items()
               if path in listed and path != where and _differs(row, listed[path])]  # fmt: skip
    yield from _told("record.digest", "files that are not as it says", changed, where)


def _told(rule: str, what: str, paths: Iterable[str], where: str) -> Iterator[Finding]:
    names = sorted(set(paths))
    if names:
        shown = ", ".join(named(name) for name in names[:_NAMED])
        more = ", …" if len(names) > _NAMED else ""
        yield found(rule, f"{len(names)} {what}: {shown}{more}", where)


def _rows(text: str) -> tuple[dict[str, _Row], list[str]]:
    """Rows by path, and those that are none or are there twice."""
    rows: dict[str, _Row] = {}
    bad: list[str] = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline="")), start=1):
            if len(cells) == len(_Row._fields) + 1 and cells[0] not in rows:
                rows[cells[0]] = _Row(*cells[1:])
            elif cells:
                bad.append(f"row {number}")
    except csv.Error as error:
        bad.append(str(error))
    return rows, bad


def _usable(row: _Row, *, own: bool) -> bool:
    """RECORD cannot know its own digest; all else has one that holds, as urlsafe base64."""
    if own:
        return row == _Row("", "")
    kind, _, digest = row.digest.partition("=")
    return kind in _STRONG and bool(digest) and _SIZE.fullmatch(row.size) is not None


def _differs(row: _Row, item: Member) -> bool:
    """Other digests than SHA-256 are not calculated: nobody writes them."""
    kind, _, digest = row.digest.partition("=")
    return _usable(row, own=False) and (
        int(row.size) != item.size or (kind == "sha256" and _plain(digest) != _plain(item.digest))
    )


def _plain(digest: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(digest.rstrip("=") + "=" * (-len(digest.rstrip("=")) % 4))
    except ValueError:
        return b""
