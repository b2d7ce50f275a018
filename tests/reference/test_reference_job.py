"""The reference job does what the public definition file means, and docs/reference-job.md says how.

The table of the docs is held to the plan from both sides: what it claims of wheelforge is in the
plan, and every word in which plan and definition file differ is in the table.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import pytest
from reference_plans import BACKENDS, DOCS, GOLDEN, build, builds, plan_of, script_of, versions

from wheelforge.execute import wish_of
from wheelforge.graph import BuildStep, FetchStep, Plan, RepairStep
from wheelforge.recipe import GitSource


@cache
def _fugaku() -> Plan:
    return plan_of("torch==2.5.0", acl="25.02.1")


def _git(plan: Plan, name: str) -> tuple[str, str]:
    """Tag and commit of a source."""
    (step,) = [
        step
        for step in plan.steps
        if isinstance(step, FetchStep) and step.id.partition("@")[0] == f"fetch:{name}"
        if hasattr(step.what, "source")
    ]
    assert isinstance(step.what.source, GitSource)
    return step.what.source.tag, step.what.identity


# ---- what the plan means


def test_versions() -> None:
    assert versions(_fugaku()) == {
        "openblas": "0.3.29",
        "acl": "25.02.1",
        "torch": "2.5.0",
        "onednn": "3.7.1",
        "torchvision": "0.20.0",
        "torchaudio": "2.5.0",
    }
    assert _fugaku().requested == ("torch", "torchvision", "torchaudio")


@pytest.mark.parametrize(
    ("name", "tag", "commit"),
    [
        ("torch", "v2.5.0", "git:32f585d9346e316e554c8d9bf7548af9f62141fc"),
        ("onednn", "v3.7.1", "git:8d263e693366ef8db40acc569cc7d8edf644556d"),
        ("torchvision", "v0.20.0", "git:afc54f754c734d903a06194e416495e20d920ff6"),
        ("torchaudio", "v2.5.0", "git:56bc006d56a0d4960de6a1e0b6340cba4eda05cd"),
        ("acl", "v25.02.1", ""),
        ("openblas", "v0.3.29", ""),
    ],
)
def test_sources_are_at_tags_and_known_commits(name: str, tag: str, commit: str) -> None:
    assert _git(_fugaku(), name) == (tag, commit)


def test_acl() -> None:
    """Every option of the definition file, without the benchmarks, and two targets only."""
    (command,) = build(_fugaku(), "acl").commands
    program, jobs, *words = command.argv
    assert (program, jobs) == ("scons", "-j@{jobs}")
    assert dict(word.split("=", 1) for word in words if "=" in word) == {
        "Werror": "0",
        "arch": "armv8.2-a",
        "benchmark_tests": "0",
        "build": "native",
        "cppthreads": "0",
        "debug": "0",
        "embed_kernels": "0",
        "examples": "0",
        "extra_link_flags": "-Wl,-z,max-page-size=65536",
        "fixed_format_kernels": "1",
        "gemm_tuner": "0",
        "multi_isa": "1",
        "neon": "1",
        "opencl": "0",
        "openmp": "1",
        "os": "linux",
        "validation_tests": "0",
    }
    targets = [word for word in words if "=" not in word]
    assert targets == ["build/libarm_compute.so", "build/libarm_compute_graph.so"]
    kept = build(_fugaku(), "acl").install.keep
    assert [item for item in kept if item.endswith("arm_compute_version.embed")] == [
        "build/src/core/arm_compute_version.embed"
    ]


def test_openblas() -> None:
    configure = build(_fugaku(), "openblas").commands[0].argv
    options = dict(word[2:].split("=", 1) for word in configure if word.startswith("-D"))
    wanted = {
        "TARGET": "A64FX",
        "CMAKE_BUILD_TYPE": "Release",
        "NUM_THREADS": "48",
        "USE_OPENMP": "ON",
        "BUILD_SHARED_LIBS": "ON",
        "DYNAMIC_ARCH": "OFF",
    }
    assert {name: options.get(name) for name in wanted} == wanted
    assert "CORE" not in options


def test_torch() -> None:
    step = build(_fugaku(), "torch")
    wanted = {
        "ACL_ROOT_DIR": "@{dep.acl}",
        "BLAS": "OpenBLAS",
        "OpenBLAS_HOME": "@{dep.openblas}",
        "USE_MKLDNN": "ON",
        "USE_MKLDNN_ACL": "ON",
        "USE_CUDA": "0",
        "USE_OPENMP": "1",
        "PYTORCH_BUILD_VERSION": "2.5.0",
        "PYTORCH_BUILD_NUMBER": "1",
        "MAX_JOBS": "@{jobs}",
    }
    assert {name: step.env.get(name) for name in wanted} == wanted
    assert "USE_MKL" not in step.env
    assert [(item.source.recipe, item.source.at) for item in step.unpack] == [
        ("torch", ""),
        ("onednn", "third_party/ideep/mkl-dnn"),
    ]
    assert step.commands[0].argv[1:3] == ("setup.py", "bdist_wheel")
    assert {"build:acl", "build:openblas"} < {*step.needs}
    assert (32 << 30) // wish_of(step, 48, 0.0).memory_per_job == 4  # as the file's MAX_JOBS


def test_companions_are_built_for_this_torch() -> None:
    vision, audio = build(_fugaku(), "torchvision"), build(_fugaku(), "torchaudio")
    for step, version in ((vision, "0.20.0"), (audio, "2.5.0")):
        assert step.env["BUILD_VERSION"] == version
        assert step.env["PYTORCH_VERSION"] == "2.5.0"
        assert step.environment is not None
        assert step.environment.install == ("repair:torch",)
    assert vision.env["MAX_JOBS"] == "@{jobs}"
    assert audio.env["CMAKE_BUILD_PARALLEL_LEVEL"] == "@{jobs}"
    assert wish_of(audio, 48, 0.0).jobs == 2  # as the file's CMAKE_BUILD_PARALLEL_LEVEL
    repairs = {step.name: step for step in _fugaku().steps if isinstance(step, RepairStep)}
    assert "--into=torch/lib" in repairs["torch"].commands[0].argv
    for name in ("torchvision", "torchaudio"):
        assert "--beside=torch/lib=@{wheel.repair.torch}" in repairs[name].commands[0].argv


def test_without_acl_and_without_onednn() -> None:
    reference = plan_of("torch==2.5.0", only=True, pins=BACKENDS["oneDNN's reference kernels"])
    alone = plan_of("torch==2.5.0", only=True, pins=BACKENDS["OpenBLAS only"])
    for plan, onednn in ((reference, "ON"), (alone, "OFF")):
        assert "acl" not in versions(plan)
        step = build(plan, "torch")
        assert (step.env["USE_MKLDNN"], step.env["USE_MKLDNN_ACL"]) == (onednn, "OFF")
        assert "ACL_ROOT_DIR" not in step.env
        assert ("onednn" in versions(plan)) == (onednn == "ON")


def test_the_graviton_build_is_the_guides() -> None:
    plan = plan_of("torch==2.1.0", acl="23.05.1", target="generic", python="3.11.9", gcc="11.4.0")
    guide = "debug=0 neon=1 opencl=0 os=linux openmp=1 cppthreads=0 arch=armv8a multi_isa=1"
    assert {*guide.split(), "build=native"} < {*build(plan, "acl").commands[0].argv}
    assert _git(plan, "acl") == ("v23.05.1", "git:2b2ffe758dfff7255cf459a7eab26cb8aeff3061")
    assert _git(plan, "onednn")[0] == "v3.1.1"


def test_the_ascend_build() -> None:
    plan = plan_of(
        "torch-npu==1.8.1+ascend.rc2",
        target="generic",
        python="3.7.16",
        gcc="8.5.0",
        untested=True,
    )
    assert "acl" not in versions(plan)  # Ascend's ACL is another library
    assert _git(plan, "torch-npu")[0] == "v1.8.1-3.0.rc2"
    assert _git(plan, "torch-source")[0] == "v1.8.1"
    step = build(plan, "torch-npu")
    text = " ".join(word for command in step.commands for word in command.argv)
    assert text.index("patch --dry-run") < text.index("scripts/gen.sh") < text.index("build.sh --")
    assert "--python=3.7" in text
    for_38 = plan_of(
        "torch-npu==1.8.1+ascend.rc2",
        target="generic",
        python="3.8.20",
        gcc="8.5.0",
        untested=True,
    )
    assert "--python=3.8" in str(build(for_38, "torch-npu").commands)


# ---- docs/reference-job.md

# The commands of the public definition file whose words could have an equal here.
SCONS = (
    "scons Werror=0 -j32 benchmark_tests=1 embed_kernels=0 debug=0 neon=1 opencl=0 os=linux "
    "openmp=1 cppthreads=0 arch=armv8.2-a multi_isa=1 build=native fixed_format_kernels=1"
)
CMAKE = "cmake -DUSE_OPENMP=ON -DCORE=ARMV8SVE -DTARGET=ARMV8_2"
EXPORTS = (
    "ACL_ROOT_DIR=/opt/ComputeLibrary USE_MKL=ON USE_MKLDNN=ON USE_MKLDNN_ACL=ON USE_CUDA=0 "
    "USE_MPI=1 USE_OPENMP=1 MAX_JOBS=4 CMAKE_BUILD_PARALLEL_LEVEL=2"
)
CHECKOUTS = "v25.02.1 v0.3.27 v2.5.0 v3.7.1"
# How any build here is run: nothing the definition file could have said otherwise.
_PLUMBING = {
    *(
        "AR",
        "CC",
        "CXX",
        "FC",
        "RANLIB",
        "HOME",
        "LANG",
        "LC_ALL",
        "LDFLAGS",
        "PATH",
        "TMPDIR",
        "TZ",
    ),
    *("CFLAGS", "CXXFLAGS", "FFLAGS", "CMAKE_PREFIX_PATH", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH"),
    *("HOME", "PIP_NO_INPUT", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONNOUSERSITE"),
    *("SOURCE_DATE_EPOCH", "CMAKE_INSTALL_PREFIX"),
}
_BESIDE_THE_SCRIPT = {"pylock.toml"}  # a build writes it; the script writes requirements.lock alone


class Row(NamedTuple):
    """A row of a table in docs/reference-job.md."""

    theirs: str
    ours: str
    why: str


@cache
def _tables() -> tuple[tuple[Row, ...], ...]:
    text = (DOCS / "reference-job.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return tuple(
        tuple(Row(*(cell.strip() for cell in line.strip("|\n").split("|"))) for line in lines[2:])
        for lines in (block.splitlines() for block in blocks)
    )


def _spans(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def _words(script: str) -> set[str]:
    """The words of a script, and those within the values of its variables."""
    found: set[str] = set()
    for line in script.splitlines():
        try:
            words = shlex.split(line)
        except ValueError:  # code of a check, over several lines
            continue
        for word in words:
            found |= {word.rstrip(")"), *word.rstrip(")").partition("=")[2].split()}
    return found


def _told_in(words: set[str], said: str) -> bool:
    """Whether a script holds a word: with a value exactly, a bare name or path as a part."""
    return said in words if "=" in said else any(said in word for word in words)


def _plan_for(line: Iterable[str]) -> Plan:
    """The plan of a command line in the docs."""
    names: list[str] = []
    pins: dict[str, str] = {}
    given: dict[str, object] = {}
    words = iter(line)
    for word in words:
        if word == "--overlay":
            given["overlays"] = (next(words),)
        elif word == "--target":
            given["target"] = next(words)
        elif word.startswith("--"):
            pins[word[2:]] = next(words)
        else:
            names.append(word)
    python = "3.11.9" if any("==2.1" in name for name in names) else "3.12.4"
    return plan_of(*names, python=python, pins=pins, **given)  # type: ignore[arg-type]


_COMMANDS = (
    ("torch==2.5.0", "--acl", "25.02.1", "--target", "a64fx"),
    ("torch==2.1.0", "--acl", "23.05.1", "--target", "neoverse-v1"),
)
_ROWS = [
    pytest.param(number, row, id=f"{number}-{row.theirs[:40]}")
    for number, table in enumerate(_tables())
    for row in table
]


def test_both_builds_are_in_the_docs() -> None:
    text = (DOCS / "reference-job.md").read_text(encoding="utf-8")
    assert len(_tables()) == len(_COMMANDS)
    for command in _COMMANDS:
        assert f"`wheelforge build {' '.join(command)}`" in text


@cache
def _script(*line: str) -> str:
    return script_of(_plan_for(line))


def _tags(plan: Plan) -> set[str]:
    sources = (getattr(step.what, "source", None) for step in plan.steps
               if isinstance(step, FetchStep))  # fmt: skip
    return {source.tag for source in sources if isinstance(source, GitSource)}


@pytest.mark.parametrize(("table", "row"), _ROWS)
def test_what_the_docs_say_of_wheelforge_is_so(table: int, row: Row) -> None:
    """Flags, variables, versions and commits of the middle column are in the script."""
    command = _COMMANDS[table]
    script = _script(*command)
    said: list[str] = []
    for span in _spans(row.ours):
        if span.startswith("wheelforge build "):
            script += _script(*span.split()[2:], *command[-2:])
        elif span.startswith("--"):
            script += _script(*command, *span.split())
        else:
            said += span.split()
    said += re.findall(r"commit ([0-9a-f]{7})\b", row.ours)
    said += re.findall(r"(?<![\w.=-])\d+\.\d+\.\d+\b", re.sub(r"`[^`]*`", "", row.ours))
    words = _words(script) | _tags(_plan_for(command)) | _BESIDE_THE_SCRIPT
    assert [word for word in said if not _told_in(words, word)] == []


def test_the_first_table_is_about_the_golden_script() -> None:
    golden = (GOLDEN / "torch-2.5.0-a64fx.sh").read_text(encoding="utf-8")
    assert golden == _script(*_COMMANDS[0])


@pytest.mark.parametrize("line", [SCONS, CMAKE, EXPORTS, CHECKOUTS])
def test_every_word_of_theirs_is_ours_or_explained(line: str) -> None:
    words = _words(_script(*_COMMANDS[0])) | _tags(_fugaku())
    explained = {word for row in _tables()[0] for span in _spans(row.theirs)
                 for word in span.split()}  # fmt: skip
    assert [word for word in line.split() if word not in words | explained] == []


def _extra(step: BuildStep) -> Iterable[str]:
    """What a step is told beyond how any build is run."""
    argv = [word for command in step.commands[:1] for word in command.argv]
    for word in (*argv, *(f"{name}={value}" for name, value in step.env.items())):
        name = word.removeprefix("-D").partition("=")[0]
        if "=" in word and name not in _PLUMBING and "@{jobs}" not in word:
            yield word


@pytest.mark.parametrize("name", [step.name for step in builds(_fugaku())])
def test_every_word_of_ours_is_theirs_or_explained(name: str) -> None:
    theirs = {*SCONS.split(), *CMAKE.split(), *EXPORTS.split()}
    spans = [span for row in _tables()[0] for span in _spans(row.ours)]
    explained = {word.removeprefix("-D") for span in spans for word in span.split()}
    left = [
        word
        for word in _extra(build(_fugaku(), name))
        if word not in theirs
        and explained.isdisjoint(
            {word.removeprefix("-D"), word.removeprefix("-D").partition("=")[0]}
        )
    ]
    assert left == []
