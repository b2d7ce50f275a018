"""The cmake line that the openblas recipe plans, configured for every target on the real source.

LAPACK is left out: it takes most of the time, and has no part in the choice of kernels.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from upstream import compilers, is_cross, planned, unpacked

from wheelforge import catalog
from wheelforge.errors import InputError
from wheelforge.recipe.checks import ElfCheck
from wheelforge.target import Target
from wheelforge.toolchain import Compilers

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TARGETS = sorted(catalog.targets())


class Configured(NamedTuple):
    """What a configured tree says of itself."""

    core: str
    macros: frozenset[str]
    flags: tuple[str, ...]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source below it."""
    folder = tmp_path_factory.mktemp("openblas")
    machine = catalog.load_target("native").machine
    target = next(
        target for name in TARGETS if (target := catalog.load_target(name)).machine == machine
    )
    source = planned("openblas==0.3.29", target, compilers(machine, folder)).pin.sources[0]
    unpacked(source, folder)
    return folder


def run(
    tree: Path, work: Path, target: Target, more: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the planned line; only what says where it runs, and Fortran, is added."""
    found = compilers(target.machine, tree)
    extra = ["-DBUILD_WITHOUT_LAPACK=ON", *more]
    if is_cross(target.machine):
        extra += ["-DCMAKE_SYSTEM_NAME=Linux", f"-DCMAKE_SYSTEM_PROCESSOR={target.machine}"]
    without = "fc" not in found.paths
    if without:  # the recipe wants Fortran for LAPACK; the ctest folder wants a compiler's name
        found = _with_stand_in(found)
        extra += ["-DNOFORTRAN=ON", "-DCMAKE_Fortran_COMPILER_ID=none"]
    plan = planned("openblas==0.3.29", target, found)
    argv = plan.argv("configure", work)
    argv[argv.index(str(work / "src"))] = str(tree / "src")
    env = {name: value for name, value in plan.env(work).items() if not (without and name == "FC")}
    return subprocess.run(
        [*argv, *extra], cwd=work, env=env, capture_output=True, text=True, check=False
    )


def configure(tree: Path, work: Path, target: Target, more: Sequence[str] = ()) -> Configured:
    done = run(tree, work, target, more)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return look(work / "build")


def _with_stand_in(found: Compilers) -> Compilers:
    """With the C compiler for Fortran's, so that the recipe can be planned without one."""
    return msgspec.structs.replace(
        found,
        paths={**found.paths, "fc": found.paths["cc"]},
        digests={**found.digests, "fc": found.digests["cc"]},
    )


def look(build: Path) -> Configured:
    """Read config.h, and the flags that kernels are compiled with."""
    config = (build / "config.h").read_text()
    (core,) = re.findall(r'^#define CHAR_CORENAME "(\w+)"', config, re.MULTILINE)
    macros = re.findall(r"^#define (\w+)", config, re.MULTILINE)
    made = (build / "kernel/CMakeFiles/kernel.dir/flags.make").read_text()
    flags = next(line for line in made.splitlines() if line.startswith("C_FLAGS"))
    return Configured(core, frozenset(macros), tuple(flags.split()))


@pytest.mark.parametrize("name", TARGETS)
def test_configured_for_the_core_that_was_asked_for(tree: Path, tmp_path: Path, name: str) -> None:
    try:
        target = catalog.load_target(name)
    except InputError as error:
        pytest.skip(str(error))
    found = configure(tree, tmp_path, target)
    assert found.core.upper() == target.values["openblas_target"]
    assert f"CORE_{found.core}" in found.macros
    plan = planned("openblas==0.3.29", target, _with_stand_in(compilers(target.machine, tree)))
    library = next(check for check in plan.checks if isinstance(check, ElfCheck))
    assert found.core in library.contains  # what the recipe will look for in the library
    assert f"-DMAX_CPU_NUMBER={target.values['threads']}" in found.flags
    assert {"-O3", "-fopenmp", "-fPIC"} <= set(found.flags)
    assert "-DDYNAMIC_ARCH" not in found.flags


def test_a64fx_has_sve_and_no_later_architecture(tree: Path, tmp_path: Path) -> None:
    found = configure(tree, tmp_path, catalog.load_target("a64fx"))
    assert "HAVE_SVE" in found.macros
    assert [flag for flag in found.flags if flag.startswith("-march")] == ["-march=armv8.2-a+sve"]


def test_what_public_notes_give_is_no_target(tree: Path, tmp_path: Path) -> None:
    """Otherwise the tests above could not fail."""
    if not is_cross("aarch64"):
        pytest.skip("a native build takes this machine's core for a name it does not know")
    a64fx = catalog.load_target("a64fx")
    done = run(tree, tmp_path / "unknown", a64fx, ["-DTARGET=ARMV8_2"])
    assert done.returncode != 0
    assert "KERNEL.ARMV8_2" in done.stderr
    assert configure(tree, tmp_path / "unset", a64fx, ["-UTARGET"]).core == "ARMV8"
