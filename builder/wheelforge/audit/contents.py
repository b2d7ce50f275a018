"""What a wheel holds: every file by size and digest, the texts and libraries that rules read.

A wheel is read once: torch's unpacks to 400 MB.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from posixpath import basename
from typing import IO, TYPE_CHECKING, NamedTuple

from packaging.utils import parse_wheel_filename

from wheelforge import wheel
from wheelforge.audit.inputs import MAGIC, Subject
from wheelforge.audit.objects import read_object
from wheelforge.audit.rules import found
from wheelforge.audit.traces import traces
from wheelforge.errors import InputError
from wheelforge.untrusted import most
from wheelforge.untrusted.limits import METADATA_BYTES

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from packaging.tags import Tag

    from wheelforge.audit.findings import Finding
    from wheelforge.audit.objects import Object

_CONFIGURATION = re.compile(
    r"\.(?:cmake|pc|la|prl|ini|cfg)$|(?:^|/)[\w.-]*config[\w.-]*(?:\.(?:py|sh|json))?$"
    r"|(?:^|/)_sysconfigdata\w*\.py$|\.data/scripts/[^/]+$",
    re.IGNORECASE,
)
_BLOCK = 1 << 20


class Member(NamedTuple):
    """A file; `digest` is as RECORD has it, without `sha256=`."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class Contents:
    """A wheel: `tags` are its file name's, `texts` the files of its .dist-info and its scripts.

    `traces` are (file, path on the machine that built it); `faults` what was wrong with files that
    could not be read any further.
    """

    path: Path
    project: str
    version: str
    build: tuple[int, str] | tuple[()]
    tags: frozenset[Tag]
    size: int
    members: tuple[Member, ...]
    texts: dict[str, bytes]
    objects: tuple[Object, ...]
    traces: tuple[tuple[str, str], ...]
    faults: tuple[Finding, ...]

    @cached_property
    def info(self) -> str:
        """Its .dist-info folder; empty where there is none or several."""
        tops = {item.path.partition("/")[0] for item in self.members}
        found = [top for top in tops if top.endswith(".dist-info")]
        return found[0] if len(found) == 1 else ""

    def text(self, name: str) -> str | None:
        """A file of .dist-info; None where it is not there."""
        data = self.texts.get(f"{self.info}/{name}")
        return None if data is None else data.decode("utf-8", "replace")

    @cached_property
    def platforms(self) -> frozenset[str]:
        """The platforms that its tags name."""
        return frozenset(tag.platform for tag in self.tags)


def read_wheel(
    path: Path, scratch: Path, look: Callable[[Subject], None], homes: Sequence[str] = ()
) -> Contents:
    """Read a wheel; `look` is shown each of its ELF files while it is in `scratch`.

    InputError where the file is no wheel: what is not a zip, or not named as one.
    """
    distribution, _, _ = wheel.parse_name(path.name)
    _, version, build, tags = parse_wheel_filename(path.name)
    reader = _Reader(distribution, scratch / "member", look, homes)
    with wheel.opened(path) as file:
        for item in file.infolist():
            if not item.is_dir():
                reader.take(file, item)
    return Contents(
        path=path,
        project=distribution,
        version=str(version),
        build=build,
        tags=tags,
        size=path.stat().st_size,
        members=tuple(reader.members),
        texts=reader.texts,
        objects=tuple(reader.objects),
        traces=tuple(reader.traces),
        faults=tuple(reader.faults),
    )


class _Reader:
    def __init__(
        self,
        distribution: str,
        place: Path,
        look: Callable[[Subject], None],
        homes: Sequence[str],
    ) -> None:
        self._distribution, self._place, self._look, self._homes = distribution, place, look, homes
        self.members: list[Member] = []
        self.texts: dict[str, bytes] = {}
        self.objects: list[Object] = []
        self.traces: list[tuple[str, str]] = []
        self.faults: list[Finding] = []

    def take(self, file: zipfile.ZipFile, item: zipfile.ZipInfo) -> None:
        with file.open(item) as source:
            head = source.read(_BLOCK)
            hashed = hashlib.sha256(head)
            if head[: len(MAGIC)] == MAGIC:
                with self._place.open("wb") as out:
                    size = out.write(head) + _copied(source, hashed, out)
                self._object(item.filename)
            else:
                size = len(head) + self._text(item, head, source, hashed)
        told = base64.urlsafe_b64encode(hashed.digest()).rstrip(b"=").decode()
        self.members.append(Member(item.filename, size, told))

    def _object(self, name: str) -> None:
        try:
            self.objects.append(read_object(self._place, name, self._homes))
            self._look(Subject(name, self._place, self._distribution))
        except InputError as error:
            self.faults.append(found("elf.unsound", error.what, name))
        finally:
            self._place.unlink()

    def _text(
        self, item: zipfile.ZipInfo, head: bytes, source: IO[bytes], hashed: hashlib._Hash
    ) -> int:
        """Take the rest of a file; return how many bytes that was."""
        name = item.filename
        of_info = name.partition("/")[0].endswith(".dist-info")
        if not of_info and not _CONFIGURATION.search(name):
            return _copied(source, hashed)
        if item.file_size > most(METADATA_BYTES):
            if of_info and basename(name) in {"METADATA", "WHEEL", "RECORD"}:
                raise METADATA_BYTES.exceeded(f"its {basename(name)} is", where=name)
            return _copied(source, hashed)
        rest = source.read()
        hashed.update(rest)
        self.texts[name] = head + rest
        if not of_info:
            self.traces += [(name, text) for text in traces(head + rest, self._homes)]
        return len(rest)


def _copied(source: IO[bytes], hashed: hashlib._Hash, out: IO[bytes] | None = None) -> int:
    size = 0
    while block := source.read(_BLOCK):
        hashed.update(block)
        size += len(block)
        if out is not None:
            out.write(block)
    return size
