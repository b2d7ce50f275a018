from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from nodes import A64FX, BLAS, GENERAL, GIB, GOOD, JOB, NODE, NOTHING, TORCH, found, levels

from wheelforge.doctor import CHECKS, Finding, Level, Machine, Need, Trouble, diagnose, fit
from wheelforge.doctor.finding import Mend
from wheelforge.doctor.machine import Kernel, Network, Place, Reach
from wheelforge.resources import Limit

if TYPE_CHECKING:
    from collections.abc import Iterator

MISSING, WARNING = Level.MISSING, Level.WARNING


def test_a_good_machine_has_everything() -> None:
    assert levels(GOOD) == {}
    assert levels(GOOD, JOB) == {}
    assert fit(diagnose(GOOD, JOB))


def test_a_machine_with_nothing() -> None:
    findings = diagnose(NOTHING, replace(JOB, target=None))
    assert not fit(findings)
    by_name = {finding.name: finding for finding in findings}
    missing = {name for name, item in by_name.items() if item.level == MISSING}
    assert missing == {
        "compilers", "Fortran", "Python headers", "cmake", "git", "disk", "wheelhouse",
        "file system", "package index",
    }  # fmt: skip
    assert by_name["compilers"].mend == Mend("apt-get install gcc g++", "dnf install gcc gcc-c++")
    assert by_name["Python headers"].mend == Mend(
        "apt-get install python3-dev", "dnf install python3-devel"
    )
    assert by_name["git"].found == "is not installed, and openblas, torch cannot do without"


@pytest.mark.parametrize("machine", [NOTHING, GOOD, NODE, Machine()])
@pytest.mark.parametrize("need", [JOB, GENERAL, Need()])
def test_whatever_is_not_well_says_what_mends_it(machine: Machine, need: Need) -> None:
    findings = diagnose(machine, need)
    assert [item.name for item in findings if "this check failed" in item.found] == []
    assert [item for item in findings if not item.found or not item.name] == []
    for item in findings:
        assert (item.mend is None) == (item.level == Level.OK)
        assert item.mend is None or (item.mend.apt and item.mend.dnf)


def test_an_a64fx_node_without_network() -> None:
    need = replace(JOB, hosts={})
    assert levels(NODE, need) == {
        "file system": WARNING,
        "package index": MISSING,
        "isolation": WARNING,
        "huge pages": WARNING,
    }
    findings = found(NODE, need)
    assert findings["jobs at once"].found == "openblas 48 of 512.0 MiB, torch 4 of 7.0 GiB"
    assert findings["memory"].found == (
        "28.0 GiB by MemAvailable (MemAvailable 28.0 GiB, cgroup 30.0 GiB)"
    )
    assert findings["batch job"].found == "PJM: PJM_JOBID=4711, PJM_NODE=1, PJM_PROC_BY_NODE=4"
    assert findings["page size"].found == "64 KiB here, aligned to 64 KiB"
    assert findings["bf16"].found.startswith("the processor has none")
    assert "libtcmalloc" in findings["run time"].found
    mend = findings["package index"].mend
    assert mend is not None
    assert "wheelforge fetch torch==2.5.0 --target a64fx --bundle FILE" in mend.dnf


def test_slurm_limits_are_shown_and_count() -> None:
    machine = replace(
        GOOD,
        processors=(Limit("affinity mask", 48), Limit("SLURM_CPUS_PER_TASK", 4)),
        memory=(Limit("MemAvailable", 64 * GIB), Limit("SLURM_MEM_PER_NODE", 4 * GIB)),
        environment={"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "4"},
    )
    findings = found(machine, JOB)
    assert findings["processors"].found == (
        "4 by SLURM_CPUS_PER_TASK (affinity mask 48, SLURM_CPUS_PER_TASK 4)"
    )
    assert findings["batch job"].found == "Slurm: SLURM_JOB_ID=7, SLURM_CPUS_PER_TASK=4"
    jobs = findings["jobs at once"]
    assert jobs.level == WARNING
    assert jobs.found.endswith("torch 1 of 7.0 GiB; not even one job may fit of torch")


def test_what_a_build_would_be_told_is_a_limit() -> None:
    mask, free = Limit("affinity mask", 48), Limit("MemAvailable", 64 * GIB)
    few = replace(
        GOOD,
        processors=(mask, Limit("--jobs", 4)),
        memory=(free, Limit("--memory", 16 * GIB)),
    )
    assert levels(few, JOB) == {}
    findings = found(few, JOB)
    assert findings["processors"].found == "4 by --jobs (affinity mask 48, --jobs 4)"
    assert findings["memory"].found.startswith("16.0 GiB by --memory (")
    assert findings["jobs at once"].found == "openblas 4 of 512.0 MiB, torch 2 of 7.0 GiB"


def test_what_is_more_than_there_is() -> None:
    mask, free = Limit("affinity mask", 48), Limit("MemAvailable", 64 * GIB)
    many = replace(
        GOOD,
        processors=(mask, Limit("--jobs", 64)),
        memory=(free, Limit("--memory", 96 * GIB)),
    )
    assert levels(many, JOB) == {"processors": WARNING, "memory": WARNING}
    findings = found(many, JOB)
    assert findings["processors"].found.startswith("48 by affinity mask (")
    assert findings["processors"].found.endswith("--jobs 64 is more than may be used")
    assert findings["memory"].found.endswith("--memory 96.0 GiB is more than may be used")
    mend = findings["processors"].mend
    assert mend is not None
    assert "--jobs 48" in mend.apt
    unknown = replace(GOOD, processors=(), memory=(Limit("--memory", GIB),))
    assert found(unknown)["processors"].found == "1 (no limit could be read)"
    assert levels(unknown) == {"memory": WARNING}


def test_fortran_matters_only_where_it_is_needed() -> None:
    machine = replace(GOOD, tools=replace(GOOD.tools, absent=("fc",)))
    assert levels(machine, GENERAL) == {"Fortran": WARNING}
    assert levels(machine, JOB) == {"Fortran": MISSING}
    assert "Fortran" not in found(machine, replace(JOB, work=(TORCH,)))
    mend = found(machine, JOB)["Fortran"].mend
    assert mend == Mend("apt-get install gfortran", "dnf install gcc-gfortran")


def with_compilers(**changes: str) -> Machine:
    compilers = GOOD.tools.compilers
    assert compilers is not None
    compilers = msgspec.structs.replace(compilers, **changes)
    return replace(GOOD, tools=replace(GOOD.tools, compilers=compilers))


@pytest.mark.parametrize(
    ("machine", "says"),
    [
        (with_compilers(version="10.2.0"), "does not know a64fx; 11 is the first"),
        (with_compilers(machine="x86_64"), "compiles for x86_64, and the target is aarch64"),
        (replace(GOOD, tools=replace(GOOD.tools, compilers=None)), "no compiler was found"),
        (
            replace(
                GOOD,
                tools=replace(GOOD.tools, compilers=None, trouble=Trouble("gcc is 7", "newer")),
            ),
            "gcc is 7",
        ),
    ],
)
def test_compilers_that_cannot(machine: Machine, says: str) -> None:
    finding = found(machine)["compilers"]
    assert finding.level == MISSING
    assert says in finding.found


def test_a_recipes_minimum() -> None:
    need = replace(JOB, work=(BLAS, replace(TORCH, compilers=">=14")))
    finding = found(GOOD, need)["compilers"]
    assert finding.level == MISSING
    assert "torch 2.5.0 needs gcc >=14, not gcc 13.2.0" in finding.found


@pytest.mark.parametrize(
    ("plain", "openmp", "expected"),
    [
        ("", "", {}),
        ("", "cannot find -lgomp", {"OpenMP": MISSING}),
        ("no crt1.o", "no crt1.o", {"C++ program": MISSING, "OpenMP": MISSING}),
        (None, None, {"C++ program": WARNING, "OpenMP": WARNING}),
    ],
)
def test_compiling(plain: str | None, openmp: str | None, expected: dict[str, Level]) -> None:
    machine = replace(GOOD, tools=replace(GOOD.tools, compiling=plain, openmp=openmp))
    assert levels(machine) == expected


def test_headers_only_for_wheels() -> None:
    machine = replace(GOOD, tools=replace(GOOD.tools, has_headers=False))
    assert levels(machine, JOB) == {"Python headers": MISSING}
    assert levels(machine, replace(JOB, headers=False)) == {}


@pytest.mark.parametrize(
    ("free", "need", "level"),
    [
        (500, JOB, Level.OK),
        (20, JOB, MISSING),
        (20, GENERAL, Level.OK),
        (5, GENERAL, WARNING),
        (0, GENERAL, MISSING),
    ],
)
def test_disk(free: int, need: Need, level: Level) -> None:
    machine = replace(GOOD, home=replace(GOOD.home, free=free * GIB, device=2))
    assert found(machine, need)["disk"].level == level


def test_a_disk_without_inodes() -> None:
    assert levels(replace(GOOD, home=replace(GOOD.home, inodes=1000))) == {"disk": WARNING}


@pytest.mark.parametrize(
    ("place", "level", "says"),
    [
        (replace(GOOD.home, writable=False), MISSING, "cannot write to /scratch/forge"),
        (replace(GOOD.home, executable=False), MISSING, "noexec"),
        (replace(GOOD.home, locks=False), WARNING, "locks do not hold"),
        (replace(GOOD.home, kind="nfs4"), WARNING, "nfs4: shared"),
        (replace(GOOD.home, kind="fuse.sshfs"), WARNING, "shared"),
        (replace(GOOD.home, skew=-9.0), WARNING, "clock is -9 s off"),
        (GOOD.home, Level.OK, "xfs: writable"),
    ],
)
def test_file_systems(place: Place, level: Level, says: str) -> None:
    finding = found(replace(GOOD, home=place))["file system"]
    assert finding.level == level
    assert says in finding.found


def test_the_wheelhouse() -> None:
    full = replace(GOOD.wheelhouse, free=GIB // 2, device=9)
    assert levels(replace(GOOD, wheelhouse=full), JOB) == {"wheelhouse": WARNING}
    closed = replace(GOOD.wheelhouse, writable=False)
    assert levels(replace(GOOD, wheelhouse=closed), JOB) == {"wheelhouse": MISSING}
    assert levels(replace(GOOD, wheelhouse=closed), GENERAL) == {}


@pytest.mark.parametrize(
    ("need", "level", "says"),
    [
        (GENERAL, WARNING, "https://index.test: no answer; sources have to come in a bundle"),
        (JOB, MISSING, "https://index.test: no answer"),
        (replace(JOB, index=False), Level.OK, "not needed"),
        (replace(JOB, offline=True), MISSING, "--offline"),
    ],
)
def test_the_package_index(need: Need, level: Level, says: str) -> None:
    network = Network(indexes=(Reach("https://index.test", "no answer"),), hosts=GOOD.network.hosts)
    finding = found(replace(GOOD, network=network), need)["package index"]
    assert (finding.level, says in finding.found) == (level, True)


def test_hosts_of_sources() -> None:
    network = replace(GOOD.network, hosts=(Reach("https://git.test", "no connection"),))
    finding = found(replace(GOOD, network=network), JOB)["sources"]
    assert finding.level == MISSING
    assert finding.found == "https://git.test: no connection (for torch)"
    assert "torch are not here" in found(GOOD, replace(JOB, offline=True))["sources"].found


def test_pages_larger_than_the_alignment() -> None:
    small = msgspec.structs.replace(A64FX, page_size=4096)
    assert levels(GOOD, replace(GENERAL, target=small)) == {"page size": MISSING}
    assert levels(replace(GOOD, kernel=replace(GOOD.kernel, page_size=4096))) == {}


@pytest.mark.parametrize(
    ("features", "environment", "level", "says"),
    [
        ({"bf16"}, {}, Level.OK, "run with DNNL_DEFAULT_FPMATH_MODE=BF16"),
        ({"sve"}, {}, Level.OK, "leave DNNL_DEFAULT_FPMATH_MODE unset"),
        ({"sve"}, {"DNNL_DEFAULT_FPMATH_MODE": "bf16"}, WARNING, "the processor has no bf16"),
    ],
)
def test_bf16_only_where_the_processor_has_it(
    features: set[str], environment: dict[str, str], level: Level, says: str
) -> None:
    machine = replace(GOOD, features=frozenset(features), environment=environment)
    finding = found(machine)["bf16"]
    assert (finding.level, says in finding.found) == (level, True)


def test_small_things() -> None:
    assert levels(replace(GOOD, user_home_writable=False)) == {"HOME": WARNING}
    assert levels(replace(GOOD, utf8=False)) == {"locale": WARNING}
    assert levels(replace(GOOD, now=0.0)) == {"clock": WARNING}
    assert levels(replace(GOOD, open_files=256)) == {"ulimit": WARNING}
    assert levels(replace(GOOD, address_space=GIB)) == {"ulimit": WARNING}
    assert levels(replace(GOOD, data=GIB)) == {"ulimit": WARNING}
    mend = found(replace(GOOD, data=GIB))["ulimit"].mend
    assert mend is not None
    assert mend.apt.startswith("ulimit -d unlimited ")
    assert levels(replace(GOOD, memory=())) == {"memory": WARNING}
    assert levels(replace(GOOD, kernel=replace(GOOD.kernel, huge_pages=""))) == {
        "huge pages": WARNING
    }
    assert levels(replace(GOOD, kernel=Kernel(huge_pages="madvise"))) == {"isolation": WARNING}


def test_what_stopped_the_plan_is_a_finding() -> None:
    need = replace(GENERAL, troubles={"plan": Trouble("ACL 23.02 is too old", "use 25.02.1")})
    finding = found(GOOD, need)["plan"]
    assert finding.level == MISSING
    assert finding.mend == Mend("use 25.02.1", "use 25.02.1")


def test_a_check_that_fails_is_a_finding() -> None:
    def broken(machine: Machine, need: Need) -> Iterator[Finding]:
        del machine, need
        raise ZeroDivisionError("oops")

    (finding,) = diagnose(GOOD, GENERAL, (broken,))
    assert finding.level == WARNING
    assert "ZeroDivisionError: oops" in finding.found
    assert len(diagnose(GOOD, GENERAL, (broken, *CHECKS))) == len(diagnose(GOOD, GENERAL)) + 1
