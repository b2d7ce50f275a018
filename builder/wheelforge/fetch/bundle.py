"""Bundles: one tar file that carries sources to a machine without a network.

Its first member is the list of records; every other member is a file named by its digest. A bundle
is hostile until every byte is accounted for: nothing is taken in before that.
"""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from wheelforge import archive, atomic
from wheelforge.errors import InputError
from wheelforge.fetch.record import FileRecord, Record
from wheelforge.untrusted import decoded, named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wheelforge.fetch.cache import Cache

_LIST = "wheelforge-bundle.json"
_MAX_LIST_BYTES = 64 << 20
_CHUNK = 1 << 20


class _List(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    records: tuple[Record, ...]


def write(bundle: Path, cache: Cache, records: Sequence[Record]) -> None:
    """Write a bundle whole or not at all; the same records give the same bytes."""
    listed = msgspec.json.encode(_List(format=1, records=tuple(records)), order="sorted")
    with atomic.told(bundle.parent, "--bundle"):
        with atomic.new_file(bundle) as (out, part):
            _fill(out, listed, _expected(records), cache)
            atomic.finish(out, part)
            part.replace(bundle)
        atomic.sync_dir(bundle.parent)


def _fill(out: IO[bytes], listed: bytes, files: dict[str, FileRecord], cache: Cache) -> None:
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        first = tarfile.TarInfo(_LIST)
        first.size = len(listed)
        with tempfile.SpooledTemporaryFile(max_size=_CHUNK) as data:
            data.write(listed)
            data.seek(0)
            tar.addfile(first, data)
        for name, file in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size = file.size
            with cache.path(file).open("rb") as source:
                tar.addfile(info, source)


def _expected(records: Sequence[Record]) -> dict[str, FileRecord]:
    """Every member but the first, by name; two records may share a file."""
    return {f"{file.sha256}/{file.name}": file for record in records for file in record.files}


def adopt(bundle: Path, cache: Cache) -> int:
    """Check every byte of a bundle, then take its files and records in; how many records."""
    with cache.scratch() as scratch, atomic.told(cache.root, "WHEELFORGE_HOME"):
        with (
            _readable(bundle),
            bundle.open("rb") as data,
            tarfile.open(fileobj=data, mode="r:", tarinfo=archive.Header) as tar,
        ):
            records = _read_list(tar, bundle)
            found = _extract(tar, _expected(records), Path(scratch), bundle)
        for path, file in found:
            cache.place(path, file)
        for record in records:
            cache.enter(record)
    return len(records)


@contextmanager
def _readable(bundle: Path) -> Iterator[None]:
    try:
        yield
    except (*archive.TAR_DAMAGE, msgspec.DecodeError) as error:
        raise _refused(bundle, f"it cannot be read ({error})") from error
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(
            "there is no such bundle", where=str(bundle), remedy="correct the --bundle option"
        ) from error


def _read_list(tar: tarfile.TarFile, bundle: Path) -> tuple[Record, ...]:
    first = tar.next()
    data = tar.extractfile(first) if first and first.isreg() else None
    if first is None or data is None or first.name != _LIST or first.size > _MAX_LIST_BYTES:
        raise _refused(bundle, "it does not begin with a list of its contents")
    listed = decoded(data.read(), _List)
    if listed.format != 1:
        raise _refused(bundle, f"its format {listed.format} is newer than this wheelforge")
    for record in listed.records:
        if fault := record.fault():
            raise _refused(bundle, fault)
    return listed.records


def _extract(
    tar: tarfile.TarFile, expected: dict[str, FileRecord], scratch: Path, bundle: Path
) -> list[tuple[Path, FileRecord]]:
    found: list[tuple[Path, FileRecord]] = []
    waiting = dict(expected)
    while member := tar.next():
        file = waiting.pop(member.name, None)
        data = tar.extractfile(member) if file and member.isreg() else None
        if file is None or data is None:
            raise _refused(bundle, f"its member '{named(member.name)}' is not in its list")
        path = scratch / str(len(found))
        if member.size != file.size or _copy(data, path) != file.sha256:
            raise _refused(
                bundle, f"its member '{named(member.name)}' does not have the listed digest"
            )
        found.append((path, file))
    if waiting:
        raise _refused(bundle, f"its member '{min(waiting)}' is missing")
    return found


def _copy(data: IO[bytes], path: Path) -> str:
    found = hashlib.sha256()
    with path.open("wb") as out:
        while chunk := data.read(_CHUNK):
            found.update(chunk)
            out.write(chunk)
    return found.hexdigest()


def _refused(bundle: Path, why: str) -> InputError:
    return InputError(
        f"the bundle is refused: {why}; nothing was taken in",
        where=str(bundle),
        remedy="write it again with 'wheelforge fetch … --bundle FILE' and copy it over whole",
    )
