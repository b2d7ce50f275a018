"""What PyTorch's own aarch64 wheels carry, against the table of it and against the recipes."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from wheelforge import catalog, elf
from wheelforge.errors import InputError
from wheelforge.recipe import Conditions, GitSource
from wheelforge.resolve import Request, resolve
from wheelforge.wheel import parse_name

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# One wheel of about 90 MB is downloaded; this variable names another release, as in "2.9.0".
RELEASE = os.environ.get("WHEELFORGE_TEST_OFFICIAL", "2.5.0")
DATA = tomllib.loads((Path(__file__).parents[1] / "reference" / "official.toml").read_text())
WHEELS: dict[str, dict[str, Any]] = {wheel["torch"]: wheel for wheel in DATA["wheel"]}
LIBARM_COMPUTE = r"torch[./]libs?/libarm_compute(-\w+)?\.so"


class Acl(NamedTuple):
    """What libarm_compute says of its build."""

    version: str
    options: dict[str, str]
    commit: str


class Wheel(NamedTuple):
    """An official wheel."""

    path: Path

    def _one(self, pattern: str) -> str:
        with zipfile.ZipFile(self.path) as wheel:
            (name,) = (name for name in wheel.namelist() if re.fullmatch(pattern, name))
        return name

    def read(self, pattern: str) -> bytes:
        """The only member whose name matches."""
        with zipfile.ZipFile(self.path) as wheel:
            return wheel.read(self._one(pattern))

    @property
    def commit(self) -> str:
        (found,) = re.findall(rb"git_version = '(\w{40})'", self.read("torch/version.py"))
        return str(found.decode())

    @property
    def acl(self) -> Acl:
        text = self.read(LIBARM_COMPUTE)
        pattern = rb"arm_compute_version=v([\w.]+) Build options: (\{[^}]*\}) Git hash=b'(\w{40})'"
        ((version, options, commit),) = set(re.findall(pattern, text))
        return Acl(version.decode(), ast.literal_eval(options.decode()), commit.decode())

    @property
    def openblas(self) -> str:
        text = self.read(r"torch[./]libs?/libopenblas[\w.-]*\.so[.\d]*")
        (version,) = set(re.findall(rb"OpenBLAS (\d+\.\d+\.\d+) ", text))
        return str(version.decode())

    @property
    def openmp(self) -> list[str]:
        with zipfile.ZipFile(self.path) as wheel:
            names = [name.rpartition("/")[2] for name in wheel.namelist()]
        return [name for name in names if re.match(r"lib(gomp|omp|iomp|fjomp)\b", name)]


def downloaded(folder: Path) -> Wheel:
    """The wheel of RELEASE. One test alone asks for it, so that one process downloads it."""
    tags = ("--python-version", "3.10", "--implementation", "cp", "--abi", "cp310")
    platforms = ("--platform", WHEELS[RELEASE]["platform"])
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
    argv = [*pip, *tags, *platforms, "--dest", folder, f"torch=={RELEASE}"]
    subprocess.run(argv, check=True)
    (path,) = folder.glob("torch-*.whl")
    return Wheel(path)


def test_the_wheel_carries_what_the_table_says(tmp_path: Path) -> None:
    wheel = downloaded(tmp_path)
    told = WHEELS[RELEASE]
    acl = wheel.acl
    tags = parse_name(wheel.path.name)[2]
    assert any(told["platform"] in tag for tag in tags)
    assert wheel.commit == told["commit"]
    assert (acl.version, acl.commit) == (told["acl"], told["acl_commit"])
    assert (acl.options.get("fixed_format_kernels") == "1") == told["fixed_format"]
    assert {name: acl.options.get(name) for name in DATA["options"]} == DATA["options"]
    assert wheel.openblas == told["openblas"]
    assert len(wheel.openmp) == 1
    assert wheel.openmp[0].startswith("libgomp")
    library = tmp_path / "libarm_compute.so"
    library.write_bytes(wheel.read(LIBARM_COMPUTE))
    assert any(name.startswith("libgomp") for name in elf.read(library).needed)
    words = f"arm_compute_version=v{told['acl']}", "'multi_isa': '1'", "'openmp': '1'"
    assert all(elf.contains(library, word) for word in words)  # as the recipe's check looks


def commits(name: str) -> dict[str, str]:
    """The commits that a recipe pins."""
    document = catalog.open_catalog().document(name)
    source = document.evaluate(Conditions(version=document.versions[0], python="3.12.1")).source
    assert isinstance(source, GitSource)
    return dict(source.commit)


def test_recipes_pin_the_commits_of_the_wheels() -> None:
    assert sorted(WHEELS) == [f"2.{minor}.0" for minor in range(1, 10)]
    torch, acl = commits("torch"), commits("acl")
    for release, told in WHEELS.items():
        assert torch[release] == told["commit"]
        assert acl[told["acl"]] == told["acl_commit"]


def test_acl_is_asked_for_the_options_of_the_wheels() -> None:
    """All but two: -Werror is for ACL's authors, and the arch is the target's."""
    document = catalog.open_catalog().document("acl")
    for told in WHEELS.values():
        conditions = Conditions(version=told["acl"], python="3.12.1", machine="aarch64")
        build = document.evaluate(conditions).build
        assert build is not None
        ours = {name: str(value) for name, value in build.options.items()}
        differing = {n for n, value in DATA["options"].items() if ours.get(n) != value}
        assert differing == {"Werror", "arch"}
        assert "fixed_format_kernels" in ours  # 2.1.0's wheel had none; later ones do


@pytest.mark.parametrize("release", WHEELS)
def test_the_combination_of_the_wheel_is_not_refused(release: str) -> None:
    told = WHEELS[release]
    target = catalog.load_target("generic")
    library = catalog.open_catalog()
    conditions = Conditions(
        version="",
        python="3.10.1",
        target=target.words,
        machine="aarch64",
        toolchain=frozenset({"native", "gcc"}),
    )
    request = Request(
        requirements=(f"torch=={release}",),
        conditions=conditions,
        pins={"acl": told["acl"], "openblas": told["openblas"]},
        compilers={"gcc": "12.2.0", "glibc": "2.36"},
        rows=library.rows(),
        only=True,
    )
    if told["openblas"] == "0.3.30":  # which can give wrong products: they took it, we warn
        with pytest.raises(InputError, match=r"row openblas-0\.3\.30-gemm"):
            resolve(request, library, lambda _path: "")
        request = replace(request, untested=True)
    pins = {pin.name: pin.version for pin in resolve(request, library, lambda _path: "").pins}
    assert (pins["acl"], pins["openblas"]) == (told["acl"], told["openblas"])
