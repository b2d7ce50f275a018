"""What auditwheel itself grafts, under names of its own, is told for what it is."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from fake_wheels import make_wheel
from wheelforge import programs
from wheelforge.bill import Bill, Part
from wheelforge.digest import of_file
from wheelforge.sbom import NAME, Ground, Library, add

if TYPE_CHECKING:
    from pathlib import Path

EPOCH = "315619200"
TAG = f"cp311-cp311-linux_{platform.machine()}"
MODULE = """
int blas(void), omp_get_max_threads(void);
int run(void) { return blas() + omp_get_max_threads(); }
"""


def compiled(path: Path, code: str, *flags: str | Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    argv = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-x", "none", "-o", path, *flags]
    subprocess.run(list(map(str, argv)), input=code, text=True, check=True)
    return path


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A library as they are installed: a file with its whole version, and a link for the loader."""
    prefix = tmp_path / "store/blas"
    code = "int blas(void) { return 1; }"
    file = compiled(prefix / "lib/libmblas.so.0.9", code, "-Wl,-soname,libmblas.so.0")
    (prefix / "lib/libmblas.so.0").symlink_to(file.name)
    return Library("blas", prefix, {"lib/libmblas.so.0.9": of_file(file), "lib/libmblas.so.0": ""})


def repaired(raw: Path, folder: Path, out: Path) -> Path:
    path = f"{programs.locate('patchelf').parent}:{os.environ['PATH']}"
    own = {"PATH": path, "SOURCE_DATE_EPOCH": EPOCH, "AUDITWHEEL_LD_LIBRARY_PATH": str(folder)}
    argv = [sys.executable, "-m", "auditwheel", "repair", "--plat", "auto", "-w", out, raw]
    done = subprocess.run(
        argv, env={**os.environ, **own}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("*.whl")
    return wheel


def test_libraries_built_here_and_those_of_the_system(library: Library, tmp_path: Path) -> None:
    blas = library.prefix / "lib/libmblas.so.0.9"
    code = compiled(tmp_path / "_C.so", MODULE, blas, "-fopenmp", "-Wl,--no-as-needed", "-lgomp")
    raw = make_wheel(tmp_path / "raw", "demo", tag=TAG, files={"demo/_C.so": code.read_bytes()})
    wheel = repaired(raw, library.prefix / "lib", tmp_path / "out")
    with zipfile.ZipFile(wheel) as file:
        before = {item.filename: item.CRC for item in file.infolist()}
    parts = (
        Part(name="demo", version="1.0", kind="wheel", project="demo", needs=("blas",)),
        Part(name="blas", version="0.9", kind="library", license="MIT"),
    )
    add(wheel, raw, Bill(parts=parts), Ground((library,)), int(EPOCH))
    with zipfile.ZipFile(wheel) as file:
        after = {item.filename: item.CRC for item in file.infolist()}
        data = json.loads(file.read(f"demo-1.0.dist-info/{NAME}"))
    others = before.keys() - {"demo-1.0.dist-info/RECORD"}
    assert {name: after[name] for name in others} == {name: before[name] for name in others}
    held = {
        item["name"]: [file["name"].rpartition("/")[2] for file in item.get("components", ())]
        for item in data["components"]
    }
    assert held["blas"] == [f"libmblas-{of_file(blas)[:8]}.so.0.9"]
    (gomp,) = (name for name, files in held.items() if any("libgomp" in file for file in files))
    if programs.find("dpkg-query") and not programs.find("rpm"):
        assert gomp == "libgomp1"
        assert any(name.endswith("sboms/auditwheel.cdx.json") for name in after)
