"""The compatibility table: bad combinations are refused by name, good ones are left in peace.

Planned with the shipped recipes and rows, as the command line does.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from itertools import product
from pathlib import Path

import pytest
import tomli
from _pytest.mark import ParameterSet
from packaging.version import Version
from reference_plans import BACKENDS, plan_of, refused, versions

from wheelforge import catalog
from wheelforge.compatibility import WORDS, Facts, Row, broken
from wheelforge.recipe.conditions import specifier

# What PyPI's official aarch64 wheels were made of (official.toml), with the oneDNN they report and
# the newest Python they are there for.
_ONEDNN = {"2.1": "3.1.1", "2.2": "3.3.2", "2.3": "3.3.6", "2.4": "3.4.2", "2.5": "3.5.3",
           "2.6": "3.5.3", "2.7": "3.7.1", "2.8": "3.7.1", "2.9": "3.7.1"}  # fmt: skip
_PYTHON = {"2.1": "3.11.9", "2.2": "3.12.4", "2.3": "3.12.4", "2.4": "3.12.4", "2.5": "3.12.4",
           "2.6": "3.13.1", "2.7": "3.13.1", "2.8": "3.13.1", "2.9": "3.14.0"}  # fmt: skip
OFFICIAL = [
    (item["torch"], _ONEDNN[item["torch"][:3]], item["acl"], item["openblas"],
     _PYTHON[item["torch"][:3]])
    for item in tomli.loads(Path(__file__).with_name("official.toml").read_text("utf-8"))["wheel"]
]  # fmt: skip
NOT_WITHOUT_RISK = {"openblas-0.3.30-gemm"}  # 2.8's and 2.9's wheels took it


@cache
def _rows() -> Mapping[str, Row]:
    return {row.id: row for row in catalog.open_catalog().rows()}


def plant(row: str, *wanted: str, nearest: str = "", **options: object) -> ParameterSet:
    """A bad combination: the row that has to refuse it, and the pin that would mend it."""
    return pytest.param(row, wanted, nearest, options, id=f"{row}-{'-'.join(wanted)}")


V1, N1 = {"target": "neoverse-v1"}, {"target": "neoverse-n1"}
OLD = {"python": "3.11.9"}
ASCEND = {"target": "generic", "gcc": "8.5.0"}
BAD = [
    plant("torch-acl-23.02", "torch==2.5.0", acl="23.02", nearest="acl=24.04"),
    plant("torch-acl-23.02", "torch==2.2.0", acl="23.02", nearest="acl=23.02.1"),
    plant("onednn-3.1-acl", "torch==2.1.0", acl="23.11", nearest="acl=23.05.1", **OLD),
    plant("onednn-3.1-acl-newest", "torch==2.1.0", acl="23.08", nearest="acl=23.05.1", **OLD),
    plant("onednn-3.2-acl", "torch==2.3.0", acl="23.11", nearest="acl=23.08"),
    plant("onednn-3.2-acl", "onednn==3.3.6", acl="23.02", nearest="acl=23.02.1"),
    plant("onednn-3.4-acl", "torch==2.4.0", acl="23.08", nearest="acl=23.11"),
    plant("onednn-3.4-acl-newest", "torch==2.4.0", acl="25.02", nearest="acl=24.04"),
    plant("onednn-3.5-acl", "torch==2.5.0", acl="23.08", onednn="3.5.3", nearest="acl=24.04"),
    plant("onednn-3.5-acl", "onednn==3.5.3", acl="24.02", nearest="acl=24.04"),
    plant(
        "onednn-3.5-acl-newest", "torch==2.5.0", acl="25.02.1", onednn="3.5.3", nearest="acl=24.09"
    ),
    plant("onednn-3.6.2-acl", "torch==2.5.0", acl="24.09", onednn="3.6.2", nearest="acl=24.11.1"),
    plant("onednn-3.6-acl-newest", "onednn==3.6.2", acl="52.0.0", nearest="acl=25.02.1"),
    plant("onednn-3.7-acl", "torch==2.9.0", acl="24.04", onednn="3.7.1", nearest="acl=24.11.1"),
    plant("onednn-acl-25.03", "torch==2.5.0", acl="25.03.1", nearest="acl=25.02.1"),
    plant("onednn-acl-25.03", "onednn==3.8.1", acl="25.03.1", nearest="acl=25.02.1"),
    plant("onednn-3.7-acl-52", "torch==2.7.0", acl="52.0.0", nearest="acl=25.02.1"),
    plant("onednn-3.9-acl", "onednn==3.9.1", acl="25.02.1", nearest="acl=52.0.0"),
    plant("onednn-3.10-acl", "onednn==3.10.1", acl="52.0.0", nearest="acl=52.4.0"),
    plant("torch-2.1-onednn", "torch==2.1.0", onednn="3.3.6", nearest="onednn=3.1.1", **OLD),
    plant("torch-2.2-onednn", "torch==2.2.0", onednn="3.3.6", nearest="onednn=3.3.2"),
    plant("torch-2.3-onednn", "torch==2.3.0", onednn="3.7.1", nearest="onednn=3.3.6"),
    plant("torch-2.4-onednn", "torch==2.4.0", onednn="3.5.3", nearest="onednn=3.4.2"),
    plant("torch-2.5-onednn", "torch==2.5.0", onednn="3.9.1", nearest="onednn=3.7.3"),
    plant("torch-2.5-onednn-old", "torch==2.5.0", onednn="3.4.2", nearest="onednn=3.5.3"),
    plant("torch-2.7-onednn", "torch==2.7.0", onednn="3.5.3", nearest="onednn=3.7.1"),
    plant("openblas-0.3.27-a64fx", "torch==2.5.0", openblas="0.3.27", nearest="openblas=0.3.28"),
    plant("openblas-0.3.30-gemm", "torch==2.9.0", openblas="0.3.30", nearest="openblas=0.3.29"),
    plant("openblas-newer", "torch==2.5.0", openblas="0.3.33", nearest="openblas=0.3.29"),
    plant("multi-isa-generic", "torch==2.1.0", acl="23.02.1", target="generic", **OLD),
    plant("multi-isa-thunderx2", "acl==23.02", target="thunderx2t99"),
    plant("acl-gcc", "torch==2.5.0", gcc="9.5.0", **N1),
    plant("torch-2.6-gcc-aarch64", "torch==2.6.0", gcc="9.5.0", acl="off", **N1),
    plant("torch-gcc", "torch==2.5.0", gcc="9.3.0", acl="off", **N1),
    plant("acl-x86", "acl", target="x86-64-v3", machine="x86_64"),
    plant("torch-2.1-python", "torch==2.1.0", python="3.12.4"),
    plant("torch-2.2-python", "torch==2.4.0", python="3.13.1"),
    plant("torch-2.5-python", "torch==2.5.0", python="3.13.1"),
    plant("torch-2.5-python", "torch==2.5.0", python="3.8.20"),
    plant("torch-2.6-python", "torch==2.6.0", python="3.14.0"),
    plant("torch-2.9-python", "torch==2.9.0", python="3.9.21"),
    plant("torch-2.2-numpy", "torch==2.2.0", "numpy==2.2.3"),
    plant("numpy-1.26-python", "numpy==1.26.4", python="3.13.1"),
    plant("numpy-2.1-python", "numpy==2.2.3", python="3.9.21"),
    plant("numpy-2.3-python", "numpy==2.3.5", python="3.10.1"),
    plant("ascend-1.8.1", "torch-npu==1.8.1+ascend.rc2", python="3.12.4", **ASCEND),
    plant("ascend-1.5.0", "torch-npu==1.5.0+ascend.post6", python="3.9.21", **ASCEND),
    plant("ascend-gcc", "torch-npu==1.8.1+ascend.rc2", python="3.7.16", **ASCEND),
    plant("ascend-torch", "torch==2.5.0", "torch-npu"),
]


@pytest.mark.parametrize(("row", "wanted", "nearest", "options"), BAD)
def test_bad_combinations_are_refused_by_their_row(
    row: str, wanted: tuple[str, ...], nearest: str, options: dict[str, str]
) -> None:
    """Refused with why and from whom; only what was never tried can be allowed."""
    started = time.perf_counter()
    error = refused(*wanted, **options)
    print(f"refused in {time.perf_counter() - started:.3f} s")  # noqa: T201
    fact = _rows()[row]
    assert error is not None
    assert error.where == f"compatibility row {row}"
    assert fact.why in error.what
    assert fact.source in error.remedy
    if nearest:
        assert f"nearest that works: --pin {nearest}\n" in error.remedy
    assert ("--allow-untested" in error.remedy) == (fact.level == "untested")
    again = refused(*wanted, **options, untested=True)
    assert again is None or again.where != error.where or fact.level == "breaks"
    if fact.level == "breaks":
        assert again is not None


@pytest.mark.parametrize(("row", "wanted", "nearest", "options"), BAD)
def test_the_proposal_is_planned_without_a_word(
    row: str, wanted: tuple[str, ...], nearest: str, options: dict[str, str]
) -> None:
    del row
    if nearest:
        name, _, version = nearest.partition("=")
        plan = plan_of(*wanted, **{**options, name: version})  # type: ignore[arg-type]
        assert versions(plan)[name] == version


MINE = [
    ("a64fx-bf16", "a64fx", "bf16", "14.2.0"),
    ("a64fx-dotprod", "a64fx", "asimddp", "14.2.0"),
    ("neoverse-n1-bf16", "neoverse_n1", "bf16", "14.2.0"),
    ("neoverse-n1-sve", "neoverse_n1", "sve", "14.2.0"),
    ("thunderx2-bf16", "thunderx2", "bf16", "14.2.0"),
    ("a64fx-gcc", "a64fx", "", "10.2.0"),
    ("neoverse-n2-gcc", "neoverse_n2", "", "10.4.0"),
    ("neoverse-v2-gcc", "neoverse_v2", "", "11.4.0"),
]


@pytest.mark.parametrize(("row", "archspec", "feature", "gcc"), MINE)
def test_targets_of_the_users_own_are_held_to_their_processor(
    tmp_path: Path, row: str, archspec: str, feature: str, gcc: str
) -> None:
    """The shipped targets name the oldest compiler themselves; a target file need not."""
    path = tmp_path / "mine.toml"
    path.write_text(
        f'name = "mine"\nsummary = "x"\nmachine = "aarch64"\narchspec = "{archspec}"\n'
        f"features = {[feature] if feature else []}\n"
        'values = { acl_arch = "armv8a", openblas_target = "ARMV8", threads = "8" }\n'
    )
    error = refused("torch==2.5.0", target=str(path), gcc=gcc)
    assert error is not None
    assert error.where == f"compatibility row {row}"
    assert refused("torch==2.5.0", target=str(path), gcc=gcc, untested=True) is not None


def test_the_first_refusal_in_full() -> None:
    assert str(refused("torch==2.5.0", acl="23.02")) == (
        "compatibility row torch-acl-23.02: torch 2.5.0, acl 23.02 does not work: no oneDNN that "
        "torch 2.2 or later holds accepts ACL before 23.02.1\n"
        "  nearest that works: --pin acl=24.04\n"
        "  known from: cmake/ACL.cmake of oneDNN 3.3 and later"
    )


def test_the_row_told_is_about_what_was_chosen_first() -> None:
    """Not about the last of the older oneDNNs that were tried instead of 3.7.1."""
    error = refused("torch==2.9.0", acl="24.04")
    assert error is not None
    assert "onednn 3.7.1, acl 24.04 does not work" in error.what
    error = refused("torch==2.5.0", gcc="9.5.0", target="neoverse-n1")
    assert error is not None
    assert "acl 25.02.1, gcc 9.5.0 does not work" in error.what


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (("torch==2.5.0", "torchvision==0.21.0"), "==0.20.0 (companion of torch 2.5.0)"),
        (("torch==2.5.0", "torchaudio==2.6.0"), "==2.5.0 (companion of torch 2.5.0)"),
        (("torch==2.5.0", "torch-xla==2.6.0"), "==2.6.0 (torch-xla 2.6.0 depends on it)"),
        (("scipy==1.13.1", "numpy==2.3.5"), "(scipy 1.13.1 depends on it)"),
    ],
)
def test_what_the_recipes_themselves_refuse(wanted: tuple[str, ...], told: str) -> None:
    """Companions are fixed by the recipes: no version is left before a row could speak."""
    error = refused(*wanted, untested=True)
    assert error is not None
    assert told in error.what


def test_allowing_what_was_never_tried_moves_nothing_else() -> None:
    for torch, *_, python in OFFICIAL:
        allowed = plan_of(f"torch=={torch}", python=python, untested=True)
        assert versions(allowed) == versions(plan_of(f"torch=={torch}", python=python))
    allowed = plan_of("torch==2.4.0", acl="25.02", untested=True)
    assert versions(allowed)["onednn"] == "3.4.2"


# ---- what works


@pytest.mark.parametrize("target", ["a64fx", "neoverse-v1", "generic"])
@pytest.mark.parametrize(("torch", "python"), [(item[0], item[-1]) for item in OFFICIAL])
def test_defaults_resolve(torch: str, python: str, target: str) -> None:
    """With every backend, and no row speaks against what is chosen."""
    for pins in BACKENDS.values():
        plan = plan_of(f"torch=={torch}", python=python, target=target, pins=pins)
        chosen = versions(plan)
        processor = catalog.load_target(target)
        known = {**chosen, "python": python, "gcc": "14.2.0", "glibc": "2.39"}
        facts = Facts(known, processor.words, "aarch64")
        assert list(broken(_rows().values(), facts)) == []


@pytest.mark.parametrize(("torch", "onednn", "acl", "openblas", "python"), OFFICIAL)
def test_what_the_official_wheels_are_made_of_passes(
    torch: str, onednn: str, acl: str, openblas: str, python: str
) -> None:
    pins = {"onednn": onednn, "acl": acl, "openblas": openblas}
    options = {"python": python, "target": "neoverse-v1", "pins": pins}
    plan = plan_of(f"torch=={torch}", **options, untested=True)  # type: ignore[arg-type]
    assert pins.items() <= versions(plan).items()
    error = refused(f"torch=={torch}", **options)
    assert error is None or error.where.split()[-1] in NOT_WITHOUT_RISK


def test_defaults_are_not_older_than_the_official_wheels() -> None:
    for torch, onednn, acl, _, python in OFFICIAL:
        chosen = versions(plan_of(f"torch=={torch}", python=python))
        assert Version(chosen["onednn"]) >= Version(onednn)
        assert Version(chosen["acl"]) >= Version(acl)


# ---- the rows


def test_rows_are_told_apart_and_say_who_found_out() -> None:
    rows = catalog.open_catalog().rows()
    assert len({row.id for row in rows}) == len(rows)
    for row in rows:
        assert row.when, row.id
        assert row.why.strip(), row.id
        assert len(row.source.strip()) > 5, row.id


def test_rows_speak_of_what_there_is() -> None:
    """Every subject is known, and every test of a version admits one that a recipe has."""
    library = catalog.open_catalog()
    targets = frozenset[str]().union(*(_words(name) for name in catalog.targets()))
    machines = {"aarch64", "x86_64"}
    outside = {"python", "gcc", "clang", "glibc", *_external(library)}
    for row in library.rows():
        for subject, test in (*row.when.items(), *row.needs.items()):
            if subject in WORDS:
                known = targets if subject == "target" else machines
                assert test.removeprefix("!") in known, (row.id, test)
            elif subject not in outside:
                assert subject in library.files, (row.id, subject)
        for subject, test in row.when.items():
            if subject in library.files:
                having = library.document(subject).versions
                spec = specifier(test)
                assert any(spec.contains(item) for item in having) or row.id in UNUSED, row.id


# Rows for releases that no recipe has; a recipe that gains one finds its row there.
UNUSED = {"onednn-3.6-acl"}


def _external(library: catalog.Catalog) -> set[str]:
    """What recipes want to be installed already."""
    documents = [library.document(name) for name in library.files]
    tables = [table for item in documents for table in item.layers[0].data.get("external", ())]
    return {table["name"].lower() for table in tables}


def _words(target: str) -> frozenset[str]:
    if target == "native":
        return frozenset()
    return catalog.load_target(target).words


def test_rows_of_companions_agree_with_the_recipes() -> None:
    """Both tell the same twice: the row with its source, the recipe so that it is chosen."""
    library = catalog.open_catalog()
    data = library.document("torch").layers[0].data["companions"]["when"]
    recipes = {condition.removeprefix("version =="): wanted for condition, wanted in data.items()}
    rows = {row.when["torch"].removeprefix("=="): row.needs for row in _rows().values()
            if row.id.startswith("companions-")}  # fmt: skip
    assert rows == recipes
    assert set(rows) == set(library.document("torch").versions)


def test_no_two_rows_contradict_each_other() -> None:
    """Every torch, with every target and a Python it supports, has a combination that works."""
    releases = catalog.open_catalog().document("torch").versions
    pythons = ("3.9.21", "3.11.9", "3.12.4", "3.13.1", "3.14.0")
    for torch, target in product(releases, ("a64fx", "neoverse-v2", "thunderx2t99")):
        ways = [refused(f"torch=={torch}", python=python, target=target) for python in pythons]
        assert None in ways, (torch, target, ways)
        told = {error.where.split()[-1] for error in ways if error is not None}
        assert all(name.endswith("-python") for name in told), (torch, target, told)


def test_every_row_but_the_doubled_ones_is_planted() -> None:
    """What companions, torch-xla and scipy want their recipes say, too, and say it first."""
    planted = {item.values[0] for item in BAD} | {item[0] for item in MINE} | UNUSED
    doubled = ("companions-", "torch-xla-", "scipy-")
    assert [name for name in _rows() if name not in planted and not name.startswith(doubled)] == []
