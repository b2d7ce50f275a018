"""Bundles: carried over whole, refused whole."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from fetching import archive, fetch, pinned, sha256

from odd_archives import END, header, negative
from wheelforge import digest
from wheelforge.errors import InputError
from wheelforge.fetch import Sources
from wheelforge.recipe import PathSource

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fetching import Server

    from wheelforge.pin import PinnedSource

A, B = b"first file", b"second file"
Members = list[tuple[str, bytes]]


@pytest.fixture
def whats(server: Server, sources: Sources) -> list[PinnedSource]:
    server.files |= {"/a.tar": A, "/b.tar": B}
    found = [archive(A, f"{server.url}/a.tar"), archive(B, f"{server.url}/b.tar")]
    for what in found:
        fetch(sources, what)
    return found


@pytest.fixture
def bundle(tmp_path: Path, sources: Sources, whats: list[PinnedSource]) -> Path:
    sources.export(tmp_path / "out" / "b.tar", [*whats, whats[0]])
    return tmp_path / "out" / "b.tar"


@pytest.fixture
def other(tmp_path: Path) -> Sources:
    return Sources(tmp_path / "other", offline=True)


def test_what_was_exported_is_adopted(
    bundle: Path, other: Sources, whats: list[PinnedSource]
) -> None:
    assert other.adopt(bundle) == 2
    assert [other.files(what)[0].read_bytes() for what in whats] == [A, B]
    assert fetch(other, whats[0]) == f"sha256:{sha256(A)}"
    assert other.adopt(bundle) == 2


def test_the_same_sources_give_the_same_bundle(
    bundle: Path, sources: Sources, whats: list[PinnedSource]
) -> None:
    sources.export(bundle.with_name("again.tar"), list(reversed(whats)))
    assert bundle.read_bytes() == bundle.with_name("again.tar").read_bytes()


def test_paths_are_left_out_and_missing_sources_told(
    tmp_path: Path, sources: Sources, whats: list[PinnedSource]
) -> None:
    sources.export(tmp_path / "b.tar", [pinned(PathSource(path="/usr"), identity="tree:0")])
    sources.files(whats[0])[0].write_bytes(b"first FILE")
    with pytest.raises(InputError, match="or is damaged"):
        sources.export(tmp_path / "c.tar", whats)
    assert not (tmp_path / "c.tar").exists()


def read(bundle: Path) -> Members:
    with tarfile.open(bundle) as tar:
        return [(item.name, tar.extractfile(item).read()) for item in tar]  # type: ignore[union-attr]


def write(bundle: Path, members: Members) -> None:
    with tarfile.open(bundle, "w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def records(change: Callable[[list[Any]], object]) -> Callable[[Members], Members]:
    """A bundle whose list is changed."""

    def apply(members: Members) -> Members:
        listed = json.loads(members[0][1])
        change(listed["records"])
        return [(members[0][0], json.dumps(listed).encode()), *members[1:]]

    return apply


def rename(name: str) -> Callable[[Members], Members]:
    """A bundle in which the first file has another name, in list and member."""

    def apply(members: Members) -> Members:
        old = members[1][0].split("/")[1]
        listed = members[0][1].replace(old.encode(), name.encode(), 1)
        swap = [(item.replace(old, name), data) for item, data in members[1:]]
        return [(members[0][0], listed), *swap]

    return apply


def poison(members: Members) -> Members:
    """Other bytes under the description of the first file, with digests that agree."""
    evil = b"evil"

    def change(listed: list[Any]) -> None:
        listed[0]["files"][0] |= {"sha256": sha256(evil), "size": len(evil)}

    bundle = records(change)(members)
    name = bundle[1][0].split("/")[1]
    return [bundle[0], (f"{sha256(evil)}/{name}", evil), bundle[2]]


HOSTILE: dict[str, Callable[[Members], Members]] = {
    "other bytes": lambda m: [m[0], (m[1][0], b"FIRST FILE"), m[2]],
    "shorter": lambda m: [m[0], (m[1][0], m[1][1][:-1]), m[2]],
    "a member too many": lambda m: [*m, ("extra", b"")],
    "a member twice": lambda m: [*m, m[1]],
    "a member missing": lambda m: m[:2],
    "an escaping member": lambda m: [*m, ("../../escaped", b"")],
    "no list": lambda m: m[1:],
    "another list": lambda m: [(m[0][0], b"{}"), *m[1:]],
    "a newer format": lambda m: [(m[0][0], m[0][1].replace(b'"format":1', b'"format":2')), *m[1:]],
    "no json": lambda m: [(m[0][0], b"\xff{"), *m[1:]],
    "an escaping name": rename("../../escaped"),
    "a hidden name": rename(".hidden"),
    "a broken digest": records(lambda r: r[0]["files"][0].update(sha256="../../x")),
    "an unknown kind": records(lambda r: r[0]["of"].update(kind="magic")),
    "a kind that is a list": records(lambda r: r[0]["of"].update(kind=["sha256"])),
    "a digest that is a list": records(lambda r: r[0]["of"].update(sha256=[])),
    "a description without end": lambda m: [
        (m[0][0], m[0][1].replace(b'"of":{', b'"of":{"x":' + b"[" * 9000 + b"]" * 9000 + b",")),
        *m[1:],
    ],
    "a false identity": records(lambda r: r[0].update(identity="sha256:" + "0" * 64)),
    "another file's bytes": poison,
    "two files of one": records(lambda r: r[0].update(files=r[0]["files"] + r[1]["files"])),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_bundle_is_refused_whole(
    bundle: Path, other: Sources, tmp_path: Path, kind: str
) -> None:
    write(bundle, HOSTILE[kind](read(bundle)))
    before = digest.of_tree(tmp_path / "out")
    with pytest.raises(InputError, match=r"refused: .*nothing was taken in"):
        other.adopt(bundle)
    assert not [path for path in (tmp_path / "other").rglob("*") if path.is_file()]
    assert not list(tmp_path.rglob("escaped"))
    assert digest.of_tree(tmp_path / "out") == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_place_of_a_file_are_refused(
    bundle: Path, other: Sources, kind: bytes
) -> None:
    members = read(bundle)
    with tarfile.open(bundle, "w") as tar:
        first = tarfile.TarInfo(members[0][0])
        first.size = len(members[0][1])
        tar.addfile(first, io.BytesIO(members[0][1]))
        link = tarfile.TarInfo(members[1][0])
        link.type, link.linkname = kind, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(InputError, match="refused"):
        other.adopt(bundle)


@pytest.mark.parametrize(
    "first",
    [
        header("a", 1 << 40, b"L"),
        header("a", 0, b"L") * 500,
        header("wheelforge-bundle.json", negative(-512)),
        header("wheelforge-bundle.json", 8, b"S"),
    ],
)
def test_headers_that_ask_for_memory_are_refused(
    tmp_path: Path, other: Sources, first: bytes
) -> None:
    (tmp_path / "b.tar").write_bytes(first + END)
    with pytest.raises(InputError, match="refused"):
        other.adopt(tmp_path / "b.tar")


@pytest.mark.parametrize("data", [b"", b"not a tar", None])
def test_what_is_no_bundle_is_refused(tmp_path: Path, other: Sources, data: bytes | None) -> None:
    file = tmp_path / "b.tar"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(InputError) as caught:
        other.adopt(file)
    assert caught.value.remedy


def test_a_truncated_bundle_is_refused(bundle: Path, other: Sources) -> None:
    data = bundle.read_bytes()
    bundle.write_bytes(data[: data.index(B) + 3])
    with pytest.raises(InputError, match="refused"):
        other.adopt(bundle)
