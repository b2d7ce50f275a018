"""Wheels for Arm made by an x86-64 machine: cross compilers, a sysroot, and the CPUs emulated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from arm import system
from command_line import Forge
from wheelforge import programs
from wheelforge.wheel import parse_name

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LINEAR = """
import minitorch as m
from minivision import ops
a = m.tensor([[1.0, 2.0], [3.0, 4.0]])
print(m.matmul(a, a).tolist(), ops.linear(a, a).tolist())
"""
NUMPY = """
import numpy as np, sysconfig
a = np.arange(4096, dtype=np.float32).reshape(64, 64) % 7
b = a.T + 1
exact = a.astype(np.float64) @ b.astype(np.float64)
assert np.array_equal((a @ b).astype(np.float64), exact)   # small integers: exact in float32
q, r = np.linalg.qr(exact)
assert np.allclose(q @ r, exact)
c = exact + 1e4 * np.eye(64)
assert np.allclose(c @ np.linalg.solve(c, exact), exact)
blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
said = (blas["name"], blas["version"], blas["openblas configuration"])
print(np.__version__, sysconfig.get_platform(), *said)
"""


SMALL = """
[build.options]
BUILD_WITHOUT_LAPACK = true
BUILD_SINGLE = true
BUILD_DOUBLE = false
BUILD_COMPLEX = false
BUILD_COMPLEX16 = false

[[checks]]
type = "file"
path = "include/openblas/cblas.h"
"""


@dataclass(frozen=True)
class Cross:
    """A forge with a sysroot, whose wheels are for `target`."""

    forge: Forge
    target: str

    def build(self, *words: str) -> str:
        return self.forge.good(
            "build", *words, "--target", self.target, "--toolchain", "aarch64-cross"
        )

    def names(self) -> dict[str, Path]:
        return {parse_name(path.name)[0]: path for path in self.forge.wheelhouse.glob("*.whl")}

    def extensions(self, recipe: str, library: str) -> dict[str, int]:
        """How many instructions of each extension a library in the store holds."""
        (path,) = self.forge.home.glob(f"store/*-{recipe}-*/{library}")
        said = self.forge.good("audit", path, "--target", self.target, "--json")
        (library_,) = json.loads(said)[0]["libraries"]
        return {item["extension"]: item["instructions"] for item in library_["isa"]["extensions"]}

    def run(self, code: str, **env: str) -> str:
        """Run Python code where the lock was installed as a user would, on the emulated CPU."""
        root = system(self.forge.home)
        emulated = {"QEMU_LD_PREFIX": root.path, "QEMU_CPU": self.target}
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "QEMU_"))}
        clean |= {"PIP_CONFIG_FILE": os.devnull, **emulated, **env}
        venv = self.forge.root / "venv"
        python = venv / "bin" / "python"
        if not venv.exists():
            base = Path(root.path, root.pythons["3.13"])
            argv = [programs.locate("uv"), "venv", "-q", "--no-config", "--python", base, venv]
            subprocess.run(argv, check=True, env=clean)
            index = (self.forge.wheelhouse / "simple").as_uri()
            pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q"]
            pip += ["--no-cache-dir", "--require-hashes", "--index-url", f"{index}/"]
            pip += ["-r", self.forge.wheelhouse / "requirements.lock"]
            subprocess.run(pip, check=True, env=clean)
        done = subprocess.run(
            [python, "-c", code], check=False, env=clean, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _cross(home: Path, root: Path, target: str) -> Cross:
    (root / "home").symlink_to(home)
    return Cross(Forge(root), target)


@pytest.fixture(scope="module", params=["a64fx", "neoverse-n1"])
def mini(
    arm: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Cross:
    """The mini stack for one CPU."""
    cross = _cross(arm, tmp_path_factory.mktemp(request.param), request.param)
    print(cross.build("minitorch"))  # noqa: T201
    return cross


def test_wheels_are_tagged_for_arm(mini: Cross) -> None:
    assert set(mini.names()) == {"minitorch", "minivision"}
    for path in mini.names().values():
        _, _, tags = parse_name(path.name)
        assert all("manylinux" in tag and tag.endswith("_aarch64") for tag in tags)
        assert all(tag.startswith("cp313-") for tag in tags)


def test_the_kernel_is_the_cpus(mini: Cross) -> None:
    said = mini.run(LINEAR, MINIDNN_VERBOSE="1")
    kernel = {"a64fx": "acl:sve", "neoverse-n1": "acl:neon"}[mini.target]
    assert kernel in said
    assert "[[7.0, 10.0], [15.0, 22.0]] [[7.0, 10.0], [15.0, 22.0]]" in said


def test_cross_builds_are_not_done_twice(mini: Cross) -> None:
    assert "nothing to do: all cached" in mini.build("minitorch")


def test_programs_are_linked_with_the_sysroots_c_library(arm: Path, tmp_path: Path) -> None:
    """Debian's cross compilers have an older one of their own, which they would prefer."""
    forge = _cross(arm, tmp_path, "a64fx").forge
    plan = forge.good("plan", "miniblas", "--target", "a64fx", "--toolchain", "aarch64-cross",
                      "--json")  # fmt: skip
    root = system(arm).path
    assert "-idirafter@{sysroot}/usr/include" in plan
    (tmp_path / "main.c").write_text(
        "#include <gnu/libc-version.h>\n#include <stdio.h>\n"
        'int main(void) { printf("%d.%d %s", __GLIBC__, __GLIBC_MINOR__, gnu_get_libc_version()); }'
    )
    (line,) = {
        line for line in plan.split('"') if line.startswith("/") and "-gcc --sysroot" in line
    }
    argv = line.replace("@{sysroot}", root).split()
    subprocess.run([*argv, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    env = {"QEMU_LD_PREFIX": root, "QEMU_CPU": "a64fx"}
    done = subprocess.run(tmp_path / "main", env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "2.41 2.41"


@pytest.mark.long
def test_numpy_for_a64fx_computes_through_its_openblas(arm: Path, tmp_path: Path) -> None:
    cross = _cross(arm, tmp_path, "a64fx")
    print(cross.build("numpy==2.2.3", "--overlay", "debian"))  # noqa: T201 - the times
    said = cross.run(NUMPY)
    assert said.startswith("2.2.3 linux-aarch64 openblas 0.3.29 ")
    assert "A64FX" in said
    assert cross.extensions("openblas", "lib/libopenblas.so")["sve"] > 1000


def test_openblas_for_neoverse_n1_has_no_sve(arm: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/sysroots").symlink_to(arm / "sysroots")  # a store of its own
    (tmp_path / "small").mkdir()
    (tmp_path / "small/openblas.toml").write_text(SMALL)
    cross = Cross(Forge(tmp_path), "neoverse-n1")
    cross.build("openblas", "--overlay", "debian", "--overlay", str(tmp_path / "small"))
    assert "sve" not in cross.extensions("openblas", "lib/libopenblas.so")
