"""What is kept of a work folder: the same wherever it was."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from wheelforge.errors import InputError
from wheelforge.evidence import LIST, Cache, Evidence, Setting, decode, encode, gather, told

CACHE = """\
# This is the CMakeCache file.
//Use OpenMP
USE_OPENMP:BOOL=ON
//Where
LIB_DIR:PATH={work}/build/lib
BLAS:FILEPATH={dep}/lib/libblas.so
NUM_THREADS:UNINITIALIZED=48
"odd:name":STRING=a=b:c
SPACED:STRING=' x '
EMPTY:STRING=
//ADVANCED property for variable: LIB_DIR
LIB_DIR-ADVANCED:INTERNAL=1
WORKS:INTERNAL=1
"""


def lay_out(root: Path) -> tuple[Path, dict[str, str]]:
    """A work folder after its build, and the folders it knows by name."""
    work, dep = root / "work", root / "store" / "x-blas-1"
    for folder in ("src/sub", "build/CMakeFiles/CMakeTmp", "build/third"):
        (work / folder).mkdir(parents=True)
    text = CACHE.format(work=work, dep=dep)
    for folder in ("build", "build/CMakeFiles/CMakeTmp"):
        (work / folder / "CMakeCache.txt").write_text(text)
    (work / "build" / "third" / "CMakeCache.txt").write_text("X:BOOL=OFF\n")
    lines = [
        ("=", "", f"{work}/build", "/usr/bin/cc", f"-I{dep}/include", "-c", "../src/sub/b.c",
         f"-ffile-prefix-map={work}=.", "-o", "b.o"),
        ("=", "", f"{work}/src", "/usr/bin/cc", "-c", "a.c", "-o", f"{work}/build/a.o"),
    ]  # fmt: skip
    (work / LIST).write_text("".join("\n" + "\0".join(line) + "\0\n" for line in lines))
    names = {name: str(work / name) for name in ("src", "build")}
    return work, {**names, "dep.blas": str(dep), "sysroot": ""}


def test_it_is_the_same_from_any_folder(tmp_path: Path) -> None:
    kept = [
        encode(gather(*lay_out(tmp_path / name), gated=True)) for name in ("here", "far/deeper")
    ]
    assert kept[0] == kept[1]
    found = decode(kept[0], "here")
    assert [(item.near, item.output, item.cwd) for item in found.commands] == [
        ("a.c", "@{build}/a.o", "@{src}"),
        ("sub/b.c", "@{build}/b.o", "@{build}"),
    ]
    assert found.commands[1].argv == (
        "/usr/bin/cc", "-I@{dep.blas}/include", "-c", "../src/sub/b.c",
        "-ffile-prefix-map=@{work}=.", "-o", "b.o",
    )  # fmt: skip
    assert str(tmp_path) not in gzip.decompress(kept[0]).decode()


def test_folders_that_only_begin_alike_are_not_taken_for_each_other(tmp_path: Path) -> None:
    work, names = lay_out(tmp_path)
    words = ["=", "", f"{work}/src", "cc", f"-I{names['dep.blas']}-more", f"-I{work}x", "-c", "c.c"]
    with (work / LIST).open("a") as file:
        file.write("\n" + "\0".join(words) + "\0\n")
    [item] = [item for item in gather(work, names, gated=True).commands if item.near == "c.c"]
    assert item.argv[1:3] == (f"-I{names['dep.blas']}-more", f"-I{work}x")


def test_caches_of_projects_but_not_of_trials(tmp_path: Path) -> None:
    found = gather(*lay_out(tmp_path), gated=True)
    outer, inner = found.caches
    assert inner == Cache("@{build}/third/CMakeCache.txt", {"X": Setting("BOOL", "OFF")})
    assert outer.path == "@{build}/CMakeCache.txt"
    assert outer.settings == {
        "USE_OPENMP": Setting("BOOL", "ON"),
        "LIB_DIR": Setting("PATH", "@{build}/lib"),
        "BLAS": Setting("FILEPATH", "@{dep.blas}/lib/libblas.so"),
        "NUM_THREADS": Setting("UNINITIALIZED", "48"),
        "odd:name": Setting("STRING", "a=b:c"),
        "SPACED": Setting("STRING", " x "),
        "EMPTY": Setting("STRING", ""),
        "WORKS": Setting("INTERNAL", "1"),
    }


def test_why_there_are_no_commands_is_said(tmp_path: Path) -> None:
    work, names = lay_out(tmp_path)
    (work / LIST).unlink()
    assert "no gate" in gather(work, names, gated=False).missing
    assert "begun by" in gather(work, names, gated=True).missing
    assert gather(work, names, gated=True).caches


def test_people_get_compile_commands(tmp_path: Path) -> None:
    first, _ = json.loads(json.dumps(told(gather(*lay_out(tmp_path), gated=True))))
    assert first == {
        "directory": "@{src}",
        "file": "@{src}/a.c",
        "arguments": ["/usr/bin/cc", "-c", "a.c", "-o", "@{build}/a.o"],
        "output": "@{build}/a.o",
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no gzip",
        encode(Evidence())[:-9],
        gzip.compress(b"[]", mtime=0),
        encode(Evidence(schema=9)),
    ],
)
def test_what_cannot_be_read_is_named(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        decode(data, "the/file")
    assert caught.value.where == "the/file"
