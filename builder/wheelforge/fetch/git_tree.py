"""Writes commits as one tar file whose bytes depend on nothing but the commits."""

from __future__ import annotations

import tarfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wheelforge.fetch.errand import Stop
    from wheelforge.fetch.git_mirror import Mirror


class Part(NamedTuple):
    """One repository of the tree: `commit` is placed in folder `at`, the first at its root."""

    mirror: Mirror
    commit: str
    at: str


def write(parts: Sequence[Part], name: str, result: Path, stop: Stop) -> None:
    """Write `parts` below one folder `name`: sorted, modes 0644 or 0755, no owners.

    All times are the first commit's, so that make finds nothing newer than anything else.
    """
    time = parts[0].mirror.time(parts[0].commit)
    with ExitStack() as stack:
        members: dict[str, tuple[tarfile.TarFile, tarfile.TarInfo]] = {}
        for number, part in enumerate(parts):
            stop.check()
            file = result.with_name(f"{number}.commit")
            stack.callback(file.unlink, missing_ok=True)
            part.mirror.archive(part.commit, file)
            tar = stack.enter_context(tarfile.open(file, "r:"))
            for member in tar:
                members["/".join(filter(None, (name, part.at, member.name)))] = (tar, member)
        with tarfile.open(result, "w:", format=tarfile.PAX_FORMAT) as out:
            for path, (tar, member) in sorted(members.items()):
                stop.check()
                data = tar.extractfile(member) if member.isreg() else None
                out.addfile(_plain(path, member, time), data)


def _plain(path: str, member: tarfile.TarInfo, time: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.type = member.type
    info.linkname = member.linkname
    info.size = member.size
    info.mtime = time
    executable = member.isdir() or member.mode & 0o100
    info.mode = 0o777 if member.issym() else 0o755 if executable else 0o644
    return info
