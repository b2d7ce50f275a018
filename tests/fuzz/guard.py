"""What has to hold while foreign data is read: one family of errors, one folder, no programs."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wheelforge.errors import ForgeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Audit events that change the file system, and which of their arguments are names; those of
# `_FOLLOWED` follow a link that the name itself is.
_FOLLOWED = frozenset({"open", "os.chmod", "os.chown", "os.utime", "os.truncate", "os.setxattr"})
_CHANGES = dict.fromkeys(_FOLLOWED | {"os.mkdir", "os.rmdir", "os.remove"}, (0,)) | {
    "os.rename": (0, 1),
    "os.link": (0, 1),
    "os.symlink": (1,),
}
_NEVER = frozenset(
    {
        "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty",
        "socket.connect", "socket.bind", "socket.getaddrinfo", "pickle.find_class",
    }
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Harm(AssertionError):  # noqa: N818 - nothing catches it
    """What reading the data did is nothing that reading may do."""


class _Watch:
    """An audit hook of the interpreter, which cannot be taken out again: so there is one."""

    def __init__(self) -> None:
        self._inside = ""
        self._thread = 0
        self.seen: list[str] = []
        sys.addaudithook(self._event)

    def begin(self, inside: Path) -> None:
        self.seen = []
        self._inside = os.path.realpath(inside)
        self._thread = threading.get_ident()  # others have nothing to do with it

    def end(self) -> None:
        self._inside = ""

    def _event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._inside or (event not in _CHANGES and event not in _NEVER):
            return
        if threading.get_ident() != self._thread:
            return
        inside, self._inside = self._inside, ""  # what is asked here makes events as well
        try:
            if event in _NEVER:
                self.seen.append(f"{event} {arguments[:2]}")
            elif event != "open" or arguments[2] & _WRITING:
                self.seen += [
                    f"{event} {name!r}"
                    for name in (arguments[place] for place in _CHANGES[event])
                    if not _is_inside(name, inside, arguments, followed=event in _FOLLOWED)
                ]
        finally:
            self._inside = inside


def _is_inside(name: object, inside: str, arguments: tuple[Any, ...], *, followed: bool) -> bool:
    if isinstance(name, int):  # a file that is open already
        return True
    path = os.fsdecode(name)  # type: ignore[arg-type]
    folder = arguments[-1]
    if isinstance(folder, int) and folder >= 0 and not path.startswith("/") and len(arguments) > 1:
        path = f"/proc/self/fd/{folder}/{path}"
    base, last = os.path.split(path)
    real = os.path.realpath(path) if followed else f"{os.path.realpath(base)}/{last}"
    return real == inside or real.startswith(f"{inside}/")


_WATCH = _Watch()
_memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it; writing to a disk takes longer
_ROOT = Path(tempfile.mkdtemp(prefix="fuzz-", dir=_memory if os.access(_memory, os.W_OK) else None))
atexit.register(shutil.rmtree, _ROOT, ignore_errors=True)


@contextmanager
def guarded(files: Mapping[str, bytes], inside: str = "") -> Iterator[Path]:
    """A new folder of these files; Harm where anything changes outside of `inside` in it.

    A ForgeError ends the block, as long as it says what and where.
    """
    folder = _ROOT / "here"
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    _WATCH.begin(folder / inside)
    try:
        yield folder
    except ForgeError as error:
        if not error.what or not error.where:
            raise Harm(f"an error that does not say what, or where: {error}") from error
    finally:
        _WATCH.end()
        sys.dont_write_bytecode = bytecode
    if _WATCH.seen:
        raise Harm("; ".join(_WATCH.seen[:5]))
