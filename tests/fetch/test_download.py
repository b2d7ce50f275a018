"""Archives by http and file: resume, mirrors, wrong digests, cancellation, offline."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fetching import archive, fetch, pinned, sha256

from wheelforge.errors import InputError
from wheelforge.recipe import ArchiveSource, PathSource

if TYPE_CHECKING:
    from fetching import Server, Told

    from wheelforge.fetch import Sources

DATA = os.urandom(1 << 20)
DEAD = "http://127.0.0.1:9/acl.tar"


@pytest.fixture
def acl(server: Server) -> str:
    server.files["/acl%201.tar"] = DATA
    return f"{server.url}/acl%201.tar"


def part(tmp_path: Path) -> Path:
    return tmp_path / "sources" / "parts" / f"{sha256(DATA)}.part"


def arrive(file: Path, size: int) -> None:
    """Wait until a download has written at least `size` bytes."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (not file.exists() or file.stat().st_size < size):
        time.sleep(0.01)


def test_a_file_is_fetched_once(sources: Sources, acl: str, server: Server, told: Told) -> None:
    what = archive(DATA, acl)
    assert sources.identity(what) == f"sha256:{sha256(DATA)}"
    assert not sources.have(what)
    assert fetch(sources, what, told) == f"sha256:{sha256(DATA)}"
    assert sources.have(what)
    (file,) = sources.files(what)
    assert (file.name, file.read_bytes()) == ("acl_1.tar", DATA)
    assert told.amounts[-1] == (len(DATA), len(DATA))
    fetch(sources, what)
    assert len(server.requests) == 1


def test_a_changed_address_finds_the_same_file(sources: Sources, acl: str) -> None:
    fetch(sources, archive(DATA, acl))
    assert sources.have(archive(DATA, "https://elsewhere.invalid/acl.tar"))


def test_a_partial_download_goes_on(
    sources: Sources, acl: str, server: Server, tmp_path: Path
) -> None:
    part(tmp_path).parent.mkdir(parents=True)
    part(tmp_path).write_bytes(DATA[:1000])
    fetch(sources, archive(DATA, acl))
    assert server.requests[0][1]["Range"] == "bytes=1000-"
    assert not part(tmp_path).exists()


def test_a_connection_cut_off_is_resumed(
    sources: Sources, acl: str, server: Server, told: Told
) -> None:
    server.cut = [600_000]
    fetch(sources, archive(DATA, acl), told)
    begun = [int(headers.get("Range", "=0-")[:-1].split("=")[1]) for _, headers in server.requests]
    assert begun[0] == 0
    assert 0 < begun[1] <= 600_000
    assert "trying again" in told.text


def test_a_server_without_ranges_starts_again(
    sources: Sources, acl: str, server: Server, tmp_path: Path
) -> None:
    server.ranges = False
    part(tmp_path).parent.mkdir(parents=True)
    part(tmp_path).write_bytes(DATA[:1000])
    fetch(sources, archive(DATA, acl))
    assert sources.have(archive(DATA, acl))


@pytest.mark.parametrize("rest", [b"x" * 1000, b"x" * (len(DATA) + 5), DATA])
def test_a_damaged_or_finished_part_is_no_obstacle(
    sources: Sources, acl: str, tmp_path: Path, rest: bytes
) -> None:
    part(tmp_path).parent.mkdir(parents=True)
    part(tmp_path).write_bytes(rest)
    fetch(sources, archive(DATA, acl))
    assert sources.files(archive(DATA, acl))[0].read_bytes() == DATA


def test_transient_failures_are_tried_again(sources: Sources, acl: str, server: Server) -> None:
    server.failures = [503, 429, 500]
    fetch(sources, archive(DATA, acl))
    assert len(server.requests) == 4


def test_a_missing_file_is_not_tried_again(sources: Sources, acl: str, server: Server) -> None:
    with pytest.raises(InputError, match="HTTP status 404"):
        fetch(sources, archive(DATA, f"{acl}.gone"))
    assert len(server.requests) == 1


def test_a_wrong_digest_names_both_and_the_address(
    sources: Sources, acl: str, tmp_path: Path
) -> None:
    source = ArchiveSource(url=acl, sha256={"1.0": "0" * 64})
    with pytest.raises(InputError) as caught:
        fetch(sources, pinned(source))
    assert sha256(DATA) in str(caught.value)
    assert "0" * 64 in str(caught.value)
    assert caught.value.where == acl
    assert "source.sha256" in caught.value.remedy
    assert not list((tmp_path / "sources" / "parts").iterdir())
    assert not list((tmp_path / "sources" / "scratch").iterdir())


def test_a_file_is_received_up_to_a_limit(
    sources: Sources, acl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHEELFORGE_LIMITS", "download-bytes=10")
    with pytest.raises(InputError, match="the file is larger than download-bytes allows"):
        fetch(sources, archive(DATA, acl))
    monkeypatch.delenv("WHEELFORGE_LIMITS")
    fetch(sources, archive(DATA, acl))


def test_mirrors_are_tried_in_order(sources: Sources, acl: str, server: Server, told: Told) -> None:
    server.files["/bad"] = b"not it"
    fetch(sources, archive(DATA, DEAD, f"{server.url}/bad", acl), told)
    assert "Connection refused" in told.text
    assert f"its sha256 is {sha256(b'not it')}" in told.text


def test_every_mirror_is_named_with_its_reason(sources: Sources, acl: str) -> None:
    with pytest.raises(InputError) as caught:
        fetch(sources, archive(DATA, DEAD, f"{acl}.gone", "ftp://mirror.invalid/acl.tar"))
    text = str(caught.value)
    assert f"{DEAD}: no answer" in text
    assert f"{acl}.gone: HTTP status 404" in text
    assert "'ftp' addresses are not supported" in text


def test_file_addresses_work_offline(offline: Sources, tmp_path: Path) -> None:
    (tmp_path / "a b.tar").write_bytes(DATA)
    what = archive(DATA, "https://far.invalid/a.tar", (tmp_path / "a b.tar").as_uri())
    fetch(offline, what)
    assert offline.files(what)[0].read_bytes() == DATA


def test_offline_says_how_to_carry_it(offline: Sources, acl: str, server: Server) -> None:
    with pytest.raises(InputError, match=r"acl 1\.0 is not in the source cache") as caught:
        fetch(offline, archive(DATA, acl))
    assert "--offline --bundle FILE" in caught.value.remedy
    assert not server.requests


@pytest.mark.parametrize("damage", [DATA[:-1], DATA[:-1] + bytes([DATA[-1] ^ 1])])
def test_a_damaged_cache_file_is_fetched_again(
    sources: Sources, acl: str, told: Told, damage: bytes
) -> None:
    what = archive(DATA, acl)
    fetch(sources, what)
    (file,) = sources.files(what)
    file.write_bytes(damage)
    assert sources.have(what) == (len(damage) == len(DATA))
    fetch(sources, what, told)
    assert "was damaged" in told.text
    assert file.read_bytes() == DATA


def test_a_cancelled_download_ends_at_once_and_goes_on_later(
    sources: Sources, acl: str, server: Server, tmp_path: Path
) -> None:
    server.stall.set()
    what = archive(DATA, acl)

    async def cancel() -> float:
        task = asyncio.create_task(sources.fetch(what, lambda _: None, lambda *_: None))
        await asyncio.to_thread(arrive, part(tmp_path), 100_000)
        begin = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - begin

    assert asyncio.run(cancel()) < 2
    server.stall.clear()
    fetch(sources, what)
    assert "Range" in server.requests[-1][1]


def test_two_at_once_download_once(sources: Sources, acl: str, server: Server) -> None:
    async def both() -> list[str]:
        what = archive(DATA, acl)
        return await asyncio.gather(
            *(sources.fetch(what, lambda _: None, lambda *_: None) for _ in range(3))
        )

    assert asyncio.run(both()) == [f"sha256:{sha256(DATA)}"] * 3
    assert len(server.requests) == 1


def test_a_full_disk_is_told_before_it_is_full(
    sources: Sources, acl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(Path("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(InputError, match="no space left") as caught:
        fetch(sources, archive(DATA, acl))
    assert "WHEELFORGE_HOME" in caught.value.remedy


def test_passwords_are_used_but_never_shown(
    sources: Sources, acl: str, server: Server, told: Told, tmp_path: Path
) -> None:
    fetch(sources, archive(DATA, acl.replace("//", "//joe:s%40cret@")), told)
    login = base64.b64encode(b"joe:s@cret").decode()
    assert server.requests[0][1]["Authorization"] == f"Basic {login}"
    records = (tmp_path / "sources" / "records").iterdir()
    assert "cret" not in told.text + "".join(path.read_text() for path in records)


def test_netrc_is_honoured(sources: Sources, acl: str, server: Server, tmp_path: Path) -> None:
    (tmp_path / "home" / "netrc").write_text("machine 127.0.0.1 login ann password pw\n")
    fetch(sources, archive(DATA, acl))
    login = base64.b64encode(b"ann:pw").decode()
    assert server.requests[0][1]["Authorization"] == f"Basic {login}"


def test_the_proxy_of_the_environment_is_used(
    sources: Sources, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    server.files["http://far.invalid/acl.tar"] = DATA
    fetch(sources, archive(DATA, "http://far.invalid/acl.tar"))
    assert server.requests[0][0] == "http://far.invalid/acl.tar"


def test_a_recipe_without_a_digest_is_an_error(sources: Sources) -> None:
    what = pinned(ArchiveSource(url=DEAD, sha256={"2.0": "0" * 64}))
    with pytest.raises(InputError, match="no valid sha256 is known"):
        fetch(sources, what)


def test_a_path_is_there_or_it_is_an_error(offline: Sources, tmp_path: Path) -> None:
    what = pinned(PathSource(path=str(tmp_path / "tree")), identity="tree:abc")
    assert not offline.have(what)
    with pytest.raises(InputError, match="is not there"):
        fetch(offline, what)
    (tmp_path / "tree").mkdir()
    assert fetch(offline, what) == "tree:abc"
    assert offline.files(what) == (tmp_path / "tree",)


def test_files_of_what_was_never_fetched_is_an_error(sources: Sources, acl: str) -> None:
    with pytest.raises(InputError, match="not in the source cache"):
        sources.files(archive(DATA, acl))
