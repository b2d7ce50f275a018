"""Checks of processors, memory and what the batch system and the shell allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

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
_JOBS, _MEMORY = "--jobs", "--memory"
_BATCH = {"Slurm": ("SLURM_JOB_ID", "SLURM_"), "PJM": ("PJM_JOBID", "PJM_")}
_TOLD = (
    "SLURM_JOB_ID", "SLURM_CPUS_ON_NODE", "SLURM_CPUS_PER_TASK", "SLURM_MEM_PER_NODE",
    "SLURM_MEM_PER_CPU", "PJM_JOBID", "PJM_NODE", "PJM_NODE_CORE", "PJM_VNODE", "PJM_VNODE_CORE",
    "PJM_PROC_BY_NODE", "PJM_ENVIRONMENT",
)  # fmt: skip


def processors(machine: Machine, need: Need) -> Iterator[Finding]:
    """How many may be used, every limit, and which of them it is."""
    del need
    limits = machine.processors
    if not limits:
        yield ok("processors", "1 (no limit could be read)")
        return
    told = _told(limits, str)
    asked = next((limit.amount for limit in limits if limit.source == _JOBS), 0)
    least = min((limit.amount for limit in limits if limit.source != _JOBS), default=asked)
    if asked > least:
        mend = run(f"wheelforge build … {_JOBS} {least}    # or leave {_JOBS} out")
        yield warning("processors", f"{told}; {_JOBS} {asked} is more than may be used", mend)
    else:
        yield ok("processors", told)


def memory(machine: Machine, need: Need) -> Iterator[Finding]:
    """How much may be used, every limit, and which of them it is."""
    del need
    limits = machine.memory
    if all(limit.source == _MEMORY for limit in limits):
        what = "how much is free cannot be read in /proc/meminfo"
        yield warning("memory", what, run(f"wheelforge build … {_MEMORY} '24 GiB'    # say it"))
        return
    told = _told(limits, format_bytes)
    asked = next((limit.amount for limit in limits if limit.source == _MEMORY), 0)
    least = min(limit.amount for limit in limits if limit.source != _MEMORY)
    if least < _LEAST_MEMORY:
        yield warning("memory", told, _MORE)
    elif asked > least:
        mend = run(f"# leave {_MEMORY} out, or say at most {format_bytes(least)}")
        taken = f"{_MEMORY} {format_bytes(asked)} is more than may be used"
        yield warning("memory", f"{told}; {taken}", mend)
    else:
        yield ok("memory", told)


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
    """The shell's limits: memory (address space, data) and open files of a process."""
    del need
    spaces, files = {"v": machine.address_space, "d": machine.data}, machine.open_files
    told = (
        f"address space {_shown(machine.address_space)}, data {_shown(machine.data)}, "
        f"open files {'unlimited' if files is None else files}"
    )
    short = [key for key, space in spaces.items() if space is not None and space < _LEAST_SPACE]
    if short:
        words = " ".join(f"-{key} unlimited" for key in short)
        mend = run(f"ulimit {words}    # or ask the batch system for more")
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


def _told(limits: Sequence[Limit], shown: Callable[[int], str]) -> str:
    """The least, whose it is, and all of them."""
    winner = min(limits, key=lambda limit: limit.amount)
    every = ", ".join(f"{limit.source} {shown(limit.amount)}" for limit in limits)
    return f"{shown(max(1, winner.amount))} by {winner.source} ({every})"


def _least(limits: Sequence[Limit]) -> int:
    return max(1, min((limit.amount for limit in limits), default=1))


def _shown(amount: int | None) -> str:
    return "unlimited" if amount is None else format_bytes(amount)
