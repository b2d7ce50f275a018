"""What a batch system gave this job of this node, by the variables it sets.

Slurm: sbatch(1), "output environment variables".

PJM (Fujitsu's Technical Computing Suite, `pjsub`): no manual of it was found, so this rests on
what others read there. PJM_VNODE_CORE are the processors of a virtual node (`-L vnode-core=N`; 1
where only `-L vnode=N` was asked for): output of jobs in
https://github.com/futureverse/parallelly/issues/82. PJM_NODE_CORE are the processors of a node, as
the comments of HPX's pjm_environment.cpp have it; it was not seen in a job. Not counted are
PJM_NODE and PJM_VNODE (how many of them), and PJM_PROC_BY_NODE and PJM_MPI_PROC, which count MPI
processes: a job of four processes on an A64FX still has its 48 cores. No variable is known that
tells the memory asked for (`-L node-mem`, `vnode-mem`); that limit is seen where it is enforced by
a cgroup.
"""

from __future__ import annotations

from collections.abc import Mapping

from wheelforge.resources.limit import Limit

_PROCESSORS = (  # of each group the first that is set
    ("SLURM_CPUS_ON_NODE", "SLURM_CPUS_PER_TASK"),  # a task's only where the node's is not told
    ("PJM_VNODE_CORE", "PJM_NODE_CORE"),
)


def processors(environment: Mapping[str, str]) -> list[Limit]:
    """Processors of this node that were given to the job."""
    found = []
    for names in _PROCESSORS:
        set_ = ((name, _number(environment.get(name, ""))) for name in names)
        found += [Limit(name, count) for name, count in set_ if count][:1]
    return found


def memory(environment: Mapping[str, str]) -> list[Limit]:
    """Memory of this node that was given to the job, in bytes. Slurm counts MiB; 0 is all."""
    if amount := _number(environment.get("SLURM_MEM_PER_NODE", "")):
        return [Limit("SLURM_MEM_PER_NODE", amount << 20)]
    amount = _number(environment.get("SLURM_MEM_PER_CPU", ""))
    of_node = [limit for limit in processors(environment) if limit.source.startswith("SLURM_")]
    if amount and of_node:
        return [Limit("SLURM_MEM_PER_CPU", of_node[0].amount * amount << 20)]
    return []


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
