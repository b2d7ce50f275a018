"""Machines to look at: a good one, one with nothing, and an A64FX node in a batch job."""

from __future__ import annotations

from dataclasses import replace

from builders import COMPILERS
from wheelforge import catalog
from wheelforge.doctor import CHECKS, Finding, Level, Machine, Need, Work, diagnose
from wheelforge.doctor.machine import Kernel, Network, Place, Program, Reach, Tools
from wheelforge.doctor.need import PROGRAMS
from wheelforge.resources import Limit

GIB = 1 << 30
NATIVE = catalog.load_toolchain("native")
A64FX = catalog.load_target("a64fx")

NOTHING = Machine(tools=Tools(absent=("cc", "cxx", "fc"), python="/opt/python"))

GOOD = Machine(
    system="Some Linux 9",
    machine="aarch64",
    processor="a64fx",
    features=frozenset({"asimd", "sve"}),
    processors=(Limit("affinity mask", 48),),
    memory=(Limit("MemAvailable", 64 * GIB),),
    tools=Tools(
        compilers=COMPILERS,
        compiling="",
        openmp="",
        python="/opt/python",
        headers="/opt/include",
        has_headers=True,
        programs={name: Program(f"/usr/bin/{name}", "1.2") for name in PROGRAMS},
    ),
    kernel=Kernel(page_size=65536, huge_pages="always", namespaces=True),
    home=Place(path="/scratch/forge", kind="xfs", device=1, free=500 * GIB, writable=True),
    wheelhouse=Place(path="/scratch/wheels", kind="xfs", device=1, free=500 * GIB, writable=True),
    user_home="/home/me",
    user_home_writable=True,
    locale="C.UTF-8",
    network=Network(indexes=(Reach("https://index.test"),), hosts=(Reach("https://git.test"),)),
    now=1.8e9,
)

# a compute node of a machine like Fugaku: no network, no namespaces, a shared file system
NODE = replace(
    GOOD,
    memory=(Limit("MemAvailable", 28 * GIB), Limit("cgroup", 30 * GIB)),
    environment={"PJM_JOBID": "4711", "PJM_NODE": "1", "PJM_PROC_BY_NODE": "4", "HOME": "/x"},
    kernel=Kernel(page_size=65536, huge_pages="never", namespaces=False),
    home=replace(GOOD.home, kind="lustre"),
    network=Network(indexes=(Reach("https://index.test", "no answer in 2 s"),)),
)

TORCH = Work(name="torch", version="2.5.0", memory=7 * GIB, disk=30 * GIB, compilers=">=9.4")
BLAS = Work(name="openblas", version="0.3.29", languages=("c", "fortran"), memory=GIB // 2)
GENERAL = Need(target=A64FX, toolchain=NATIVE)
JOB = Need(
    planned=True,
    command="torch==2.5.0 --target a64fx",
    target=A64FX,
    toolchain=NATIVE,
    work=(BLAS, TORCH),
    programs={"cmake": ("openblas",), "git": ("openblas", "torch")},
    hosts={"https://git.test": ("torch",)},
)


def found(machine: Machine, need: Need = GENERAL) -> dict[str, Finding]:
    """The findings by name; the last one where there are several of a name."""
    return {finding.name: finding for finding in diagnose(machine, need, CHECKS)}


def levels(machine: Machine, need: Need = GENERAL) -> dict[str, Level]:
    """All that is not well."""
    findings = found(machine, need)
    return {name: item.level for name, item in findings.items() if item.level != Level.OK}
