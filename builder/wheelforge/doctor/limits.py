"""Checks of processors, memory and what the batch system and the shell allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wheelforge.doctor.finding import Finding, ok, run, warning
from wheelforge.doctor.machine import Machine
from wheelforge.doctor.need import Need, Work
from wheelforge.resources import Limit, format_bytes

_LEAST_FILES = 1024
_LEAST_SPACE = 8 << 30
_LEAST_MEMORY = 2 << 30
_MORE = run(
    "# ask the batch system for more (sbatch --mem, pjsub -L node-mem), or take another node"
)
_BATCH = {"Slurm": ("SLURM_JOB_ID", "SLURM_"), "PJM": ("PJM_JOBID", "PJM_")}
_TOLD = (
    "SLURM_JOB_ID", "SLURM_CPUS_ON_NODE", "SLURM_CPUS_PER_TASK", "SLURM_MEM_PER_NODE",
    "SLURM_MEM_PER_CPU", "PJM_JOBID", "PJM_NODE", "PJM_PROC_BY_NODE", "PJM_ENVIRONMENT",
)  # fmt: skip


def processors(machine: Machine, need: Need) -> Iterator[Finding]:
    """How many may be used, and every limit."""
    del need
    count = _least(machine.processors)
    told = ", ".join(f"{limit.source} {limit.amount}" for limit in machine.processors)
    yield ok("processors", f"{count} ({told or 'no limit could be read'})")


def memory(machine: Machine, need: Need) -> Iterator[Finding]:
    """How much may be used, and every limit."""
    del need
    if not machine.memory:
        what = "how much is free cannot be read in /proc/meminfo"
        yield warning("memory", what, run("wheelforge build … --memory '24 GiB'    # say it"))
        return
    amount = _least(machine.memory)
    told = ", ".join(f"{limit.source} {format_bytes(limit.amount)}" for limit in machine.memory)
    text = f"{format_bytes(amount)} ({told})"
    yield ok("memory", text) if amount >= _LEAST_MEMORY else warning("memory", text, _MORE)


def jobs(machine: Machine, need: Need) -> Iterator[Finding]:
    """How many jobs of each package fit into memory, by its recipe's guess."""
    if not need.work or not machine.memory:
        return
    count, room = _least(machine.processors), _least(machine.memory)
    short = [work for work in need.work if work.memory > room]
    told = ", ".join(
        f"{work.name} {_fit(work, count, room)} of {format_bytes(work.memory)}"
        for work in need.work
    )
    if short:
        names = ", ".join(work.name for work in short)
        yield warning("jobs at once", f"{told}; not even one job may fit of {names}", _MORE)
    else:
        yield ok("jobs at once", told)


def shell(machine: Machine, need: Need) -> Iterator[Finding]:
    """The shell's limits: address space and open files of a process."""
    del need
    space, files = machine.address_space, machine.open_files
    told = f"address space {_shown(space)}, open files {'unlimited' if files is None else files}"
    if space is not None and space < _LEAST_SPACE:
        mend = run("ulimit -v unlimited    # or ask the batch system for more")
        yield warning("ulimit", f"{told}: linkers of large libraries need more", mend)
    elif files is not None and files < _LEAST_FILES:
        yield warning("ulimit", f"{told}: too few", run(f"ulimit -n {_LEAST_FILES}"))
    else:
        yield ok("ulimit", told)


def batch(machine: Machine, need: Need) -> Iterator[Finding]:
    """The batch job this runs in."""
    del need
    for name, (job, prefix) in _BATCH.items():
        if job in machine.environment:
            told = [
                f"{key}={machine.environment[key]}"
                for key in _TOLD
                if key.startswith(prefix) and key in machine.environment
            ]
            yield ok("batch job", f"{name}: {', '.join(told)}")


def _fit(work: Work, count: int, room: int) -> int:
    most = min(count, work.jobs or count)
    return max(1, min(most, room // work.memory if work.memory else most))


def _least(limits: Sequence[Limit]) -> int:
    return max(1, min((limit.amount for limit in limits), default=1))


def _shown(amount: int | None) -> str:
    return "unlimited" if amount is None else format_bytes(amount)
