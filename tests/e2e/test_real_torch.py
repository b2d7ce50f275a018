"""Every variable that the torch recipe sets, against the sources that should read it: 2.6.0's."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath

import pytest
from upstream import fetched

from wheelforge import catalog, programs
from wheelforge.pin import PinnedSource
from wheelforge.recipe import Conditions, DebianSource
from wheelforge.recipe.situations import situations

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

VERSION = "2.6.0"
SHA256 = "099a9601bc40d67656e75735c44abedb0fbe92d08817852ab7472eebb7e6ddff"
SOURCE = PinnedSource(
    recipe="torch",
    version=VERSION,
    source=DebianSource(
        package="pytorch",
        suite="trixie",
        release={VERSION: "2.6.0+dfsg-7"},
        sha256={VERSION: SHA256},
    ),
    identity=f"sha256:{SHA256}",
)
LATER = {"USE_KLEIDIAI"}  # set for 2.7 and later, whose sources Debian does not have

# setup.py's own way from the environment to cmake's command line, up to the call of cmake
ASK = """
import json, os, sys
from tools.setup_helpers.cmake import CMake
class Told(CMake):
    def run(self, args, env):
        print(json.dumps(args))
Told(sys.argv[1]).generate("2.6.0", None, True, False, dict(os.environ), True)
"""


@dataclass(frozen=True)
class Tree:
    """What of torch's source has to do with options; nothing else is unpacked."""

    root: Path

    @cached_property
    def cmake_text(self) -> str:
        """CMake's files without comments."""
        texts = (path.read_text() for path in self.root.rglob("*") if is_cmake(path))
        return "\n".join(re.sub(r"#.*", "", text) for text in texts)

    @cached_property
    def asked_by_python(self) -> frozenset[str]:
        """The variables that setup.py and what it imports ask for by name."""
        files = [self.root / "setup.py", *self.root.glob("tools/**/*.py")]
        return frozenset(name for path in files for name in asked(path.read_text()))

    @cached_property
    def own_variables(self) -> frozenset[str]:
        """What CMake itself knows, whatever the project."""
        argv = [programs.locate("cmake"), "--help-variable-list"]
        said = subprocess.run(argv, capture_output=True, text=True, check=True)
        return frozenset(said.stdout.split())

    def forwarded(self, env: Mapping[str, str], scratch: Path) -> dict[str, str]:
        """What setup.py would give to cmake as -D options."""
        path = f"{programs.locate('cmake').parent}:{os.defpath}"
        done = subprocess.run(
            [sys.executable, "-c", ASK, scratch],
            cwd=self.root,
            env={**env, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        args = json.loads(done.stdout.splitlines()[-1])
        words = [arg[2:].partition("=") for arg in args if arg.startswith("-D")]
        return {name: value for name, _, value in words}

    def unread(self, env: Mapping[str, str], scratch: Path) -> dict[str, str]:
        """Each variable that has no effect, with the reason."""
        forwarded = self.forwarded(env, scratch)
        return {
            name: why
            for name, value in env.items()
            if (why := self._why_unread(name, forwarded.get(name) == value))
        }

    def _why_unread(self, name: str, forwarded: bool) -> str:
        if name in self.asked_by_python or f"$ENV{{{name}}}" in self.cmake_text:
            return ""
        if not forwarded:
            return "nobody asks for it"
        declared = rf"\b(?:set|option|cmake_dependent_option)\s*\(\s*{name}\b|\$\{{{name}\}}"
        known = name in self.own_variables or re.search(declared, self.cmake_text, re.IGNORECASE)
        return "" if known else "is handed to cmake, which does not know it"


def is_cmake(path: PurePath) -> bool:
    return path.name == "CMakeLists.txt" or path.suffix == ".cmake"


def asked(text: str) -> Iterator[str]:
    """The names in `getenv(NAME)`, `environ[NAME]`, `check_env_flag(NAME)` …"""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
                if re.search(r"getenv|environ\.get|check_(?:negative_)?env_flag",
                             ast.unparse(function)):  # fmt: skip
                    yield name
            case ast.Subscript(value=value, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
                if ast.unparse(value) == "os.environ":
                    yield name


def wanted(path: PurePath) -> bool:
    """Of all members, those that setup.py reads options with, and CMake's."""
    inside = PurePath(*path.parts[1:])
    helper = inside.parts[:1] == ("tools",) and inside.suffix == ".py"
    return helper or str(inside) == "setup.py" or is_cmake(inside)


@pytest.fixture(scope="module")
def torch(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    folder = tmp_path_factory.mktemp("torch")
    with tarfile.open(fetched(SOURCE, folder)) as tar:
        members = [item for item in tar if item.isfile() and wanted(PurePath(item.name))]
        if hasattr(tarfile, "data_filter"):  # not in Python 3.11.3 and older
            tar.extraction_filter = tarfile.data_filter
        tar.extractall(folder / "src", members)  # noqa: S202 - its digest was checked
    (root,) = (folder / "src").iterdir()
    return Tree(root)


def environments() -> dict[str, dict[str, str]]:
    """What a build of 2.6.0 is told, in every situation the recipe and its overlay tell apart."""
    found: dict[str, dict[str, str]] = {}
    for overlays in ((), ("mpi",)):
        library = catalog.open_catalog((), overlays)
        exports = {
            name: value
            for other in ("acl", "openblas")
            for name, value in library.document(other)
            .evaluate(Conditions(version=library.document(other).versions[0], python="3.12.1"))
            .exports.env.items()
        }
        document = library.document("torch")
        chains = dict.fromkeys(chain for layer in document.layers for chain in layer.chains())
        for number, conditions in enumerate(situations(tuple(chains), (VERSION,))):
            if conditions.version == VERSION and (build := document.evaluate(conditions).build):
                jobs = dict.fromkeys(build.job_variables, "2")
                found[f"{overlays} {number}"] = {**exports, **build.env, **jobs}
    return found


def test_somebody_reads_every_variable(torch: Tree, tmp_path: Path) -> None:
    seen: dict[str, dict[str, str]] = {}
    for env in environments().values():
        for name, value in env.items():
            seen.setdefault(name, {})[value] = ""
    assert {"ACL_ROOT_DIR", "OpenBLAS_HOME", "USE_MKLDNN_ACL", "USE_XNNPACK", "MAX_JOBS"} <= {*seen}
    assert not LATER & {*seen}
    rounds = max(len(values) for values in seen.values())
    for number in range(rounds):  # every value of every variable, in as few runs as there are
        env = {name: [*values][min(number, len(values) - 1)] for name, values in seen.items()}
        assert torch.unread(env, tmp_path) == {}


def test_no_variable_escapes_the_test() -> None:
    """A table of the recipe that no situation reaches would go unseen."""
    library = catalog.open_catalog((), ("mpi",))
    everything = set()
    for layer in library.document("torch").layers:
        tables = layer.data["build"]["env"]
        everything |= {name for name in tables if name != "when"}
        everything |= {name for table in tables.get("when", {}).values() for name in table}
    assert everything - {name for env in environments().values() for name in env} == LATER


def test_planted_faults_are_named(torch: Tree, tmp_path: Path) -> None:
    """Otherwise the test above could not fail. The last two stand in public instructions."""
    bogus = {"USE_MKLDNN_ALC": "ON", "OPENBLAS_HOMES": "/", "CXX_FLAGS": "-O3", "USE_MKL": "0"}
    found = torch.unread({**bogus, "USE_MKLDNN": "ON"}, tmp_path)
    assert found == {
        "USE_MKLDNN_ALC": "is handed to cmake, which does not know it",
        "OPENBLAS_HOMES": "nobody asks for it",
        "CXX_FLAGS": "nobody asks for it",
        "USE_MKL": "is handed to cmake, which does not know it",
    }
