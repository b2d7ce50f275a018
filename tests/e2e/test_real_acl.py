"""The scons line that the acl recipe plans, read by ACL's real SConstruct in dry runs."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest
from upstream import Planned, compilers, is_cross, planned, unpacked

from wheelforge import catalog
from wheelforge.recipe.checks import ElfCheck, FileCheck

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

VERSION_FILE = "build/src/core/arm_compute_version.embed"
UNKNOWN_OPTION, BAD_VALUE = 1, 2  # what SConstruct and scons end with


class Said(NamedTuple):
    code: int
    text: str

    @property
    def compiles(self) -> list[str]:
        return [line for line in self.text.splitlines() if " -c " in line and "g++" in line]

    @property
    def links(self) -> list[str]:
        return [line for line in self.text.splitlines() if " -shared " in line and "g++" in line]


class Tree(NamedTuple):
    """ACL's source tree in `work/src`."""

    work: Path

    @property
    def src(self) -> Path:
        return self.work / "src"

    def plan(self, target: str) -> Planned:
        return planned("acl==24.11", catalog.load_target(target), compilers("aarch64", self.work))

    def scons(self, plan: Planned, swap: Mapping[str, str] = MappingProxyType({})) -> Said:
        """A dry run of the planned line; `swap` names options by what takes their place."""
        return self.run(plan, "-n", *(swap.get(w.partition("=")[0], w) for w in self.words(plan)))

    def words(self, plan: Planned) -> list[str]:
        """The planned line without the name of the program."""
        return plan.argv("build", self.work)[1:]

    def run(self, plan: Planned, *words: str) -> Said:
        """Run scons with the planned environment."""
        argv = ["scons", *words]
        done = subprocess.run(
            argv, cwd=self.src, env=plan.env(self.work), capture_output=True, text=True, check=False
        )
        return Said(done.returncode, done.stdout + done.stderr)

    def options(self, plan: Planned) -> list[str]:
        """The planned words but for the targets."""
        return [word for word in self.words(plan) if not word.startswith("build/")]


@pytest.fixture(scope="module")
def acl(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    tree = Tree(tmp_path_factory.mktemp("acl"))
    (source,) = tree.plan("a64fx").pin.sources
    unpacked(source, tree.work)
    return tree


@pytest.mark.parametrize("target", ["a64fx", "neoverse-n1", "generic"])
def test_sconstruct_takes_every_option(acl: Tree, target: str) -> None:
    plan = acl.plan(target)
    how = "cross_compile" if is_cross("aarch64") else "native"
    assert f"build={how}" in acl.options(plan)
    said = acl.scons(plan)
    assert said.code == 0, said.text[-2000:]
    assert 950 <= len(said.compiles) <= 1050  # 1,003 for armv8.2-a when this was written
    assert all(line.startswith(plan.step.env["CXX"]) for line in said.compiles)
    assert all(" -fopenmp " in line for line in said.compiles)
    assert [line.split(" -o ")[1].split()[0] for line in said.links] == [
        "build/libarm_compute.so",
        "build/libarm_compute_graph.so",
    ]
    assert all("-Wl,-z,max-page-size=65536" in line for line in said.links)


def test_default_targets_compile_everything_twice(acl: Tree) -> None:
    plan = acl.plan("a64fx")
    both, alone = acl.run(plan, "-n", *acl.options(plan)), acl.scons(plan)
    assert both.code == 0, both.text[-2000:]
    assert 1.9 <= len(both.compiles) / len(alone.compiles) <= 2.1


def test_planted_faults_are_refused(acl: Tree) -> None:
    """Otherwise the tests above could not fail."""
    plan = acl.plan("a64fx")
    misspelt = acl.scons(plan, {"multi_isa": "multi_iso=1"})
    assert misspelt.code == UNKNOWN_OPTION
    assert "Unknown variables: multi_iso" in misspelt.text
    for arch in ("armv8a-sve", "armv8.2-a-sve2"):
        bad = acl.scons(plan, {"arch": f"arch={arch}"})
        assert bad.code == BAD_VALUE
        assert f"Invalid value for enum variable 'arch': '{arch}'" in bad.text


def test_the_version_file_is_what_the_checks_want(acl: Tree) -> None:
    """Debian's tree comes without one; scons writes it, and its text goes into the library."""
    plan = acl.plan("a64fx")
    said = acl.run(plan, *acl.options(plan), VERSION_FILE)
    assert said.code == 0, said.text[-2000:]
    library = next(check for check in plan.checks if isinstance(check, ElfCheck))
    text = (acl.src / VERSION_FILE).read_text()
    assert library.path == "build/libarm_compute.so"
    assert [words for words in library.contains if words not in text] == []
    wanted = next(check for check in plan.checks if isinstance(check, FileCheck))
    assert [str(path.relative_to(acl.src)) for path in acl.src.glob(wanted.path)] == [VERSION_FILE]


def test_the_tree_holds_what_is_installed(acl: Tree) -> None:
    keep = acl.plan("a64fx").pin.recipe.install.keep
    made = {name for name in keep if name.startswith("build/")}
    assert len(made) == 3
    assert [name for name in keep if name not in made and not any(acl.src.glob(name))] == []
