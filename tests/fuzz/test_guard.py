"""The fuzzers' own senses: harm is noticed, shrinking keeps what it is for."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import unpacked
from guard import Harm, guarded
from shrinking import essential, fault, place, shrunk

from odd_archives import END, entry
from wheelforge import archive
from wheelforge.errors import InputError
from wheelforge.untrusted import decoded

if TYPE_CHECKING:
    from collections.abc import Callable

HARM: dict[str, Callable[[Path], object]] = {
    "a file beside": lambda folder: (folder.parent / "x").write_bytes(b""),
    "a file through a link": lambda folder: (folder / "link" / "x").write_bytes(b""),
    "a folder": lambda folder: (folder.parent / "x").mkdir(),
    "a link": lambda folder: (folder.parent / "x").symlink_to("y"),
    "a file that goes": lambda folder: (folder.parent / "here").unlink(),
    "a file that leaves": lambda folder: (folder / "a").rename(folder.parent / "a"),
    "another mode": lambda folder: (folder.parent / "here").chmod(0o600),
    "another time": lambda folder: os.utime(folder.parent / "here", (1, 1)),
    "by a folder's handle": lambda folder: os.mkdir("y", dir_fd=_handle(folder.parent)),
    "a program": lambda _: subprocess.run(["true"], check=True),
    "a look-up": lambda _: socket.getaddrinfo("localhost", 1, type=socket.SOCK_STREAM),
}


def _handle(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


@pytest.mark.parametrize("kind", HARM)
def test_harm_is_noticed(kind: str) -> None:
    with (  # noqa: PT012 - the guard is what raises
        pytest.raises(Harm),
        guarded({"here": b"", "in/a": b"", "in/b": b""}, "in") as folder,
        suppress(OSError),
    ):
        (folder / "in" / "link").symlink_to("..")
        HARM[kind](folder / "in")


def test_what_stays_inside_is_none() -> None:
    with guarded({"in/a": b"x"}, "in") as folder:
        (folder / "in" / "a").rename(folder / "in" / "b")
        (folder / "in" / "deep" / "er").mkdir(parents=True)
        (folder / "in" / "deep" / "c").write_bytes((folder / "in" / "b").read_bytes())
        assert Path("/etc/hosts").exists()


def test_errors_that_users_see_end_it() -> None:
    with guarded({}):
        raise InputError("what", where="where")
    with pytest.raises(Harm, match="does not say what"), guarded({}):
        raise InputError("what")
    with pytest.raises(ZeroDivisionError), guarded({}):
        _ = 1 // 0


def test_a_reader_that_lets_a_name_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wheelforge.archive.unpacking.name_fault", lambda _: "")
    monkeypatch.setattr("wheelforge.archive.unpacking._Writer._is_inside", lambda *_: True)
    bad = entry("p/../beside/new", b"x") + END
    with pytest.raises(Harm):
        unpacked.check(bad)


def test_a_finding_is_made_smaller_and_stays_one() -> None:
    data = b"x" * 5000 + b"[" * 20_000 + b"y" * 700

    def check(data: bytes) -> None:
        if re.search(rb"\[{3}", data):
            archive.unpack(Path("/nowhere"), Path("/proc/nowhere"))

    error = fault(check, data)
    assert error is not None
    where = place(error)
    assert where.startswith(("FileNotFoundError", "PermissionError"))
    small = shrunk(data, lambda item: str(fault(check, item)) == str(error))
    assert small == b"[[["


def test_of_inputs_that_do_the_same_the_smallest_is_kept() -> None:
    def check(data: bytes) -> None:
        decoded(data, list[int])

    found = essential(check, [b"[1, 2, 3]", b"[]", b"[x", b"[xy"], 100)
    assert found == [b"[]", b"[x"]
    assert essential(check, [b"[]", b"[x"], 3) == [b"[]"]
