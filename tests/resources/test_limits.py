from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from wheelforge import resources
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GIB = 1 << 30
UNLIMITED_V1 = "9223372036854771712"


def machine(root: Path, files: Mapping[str, str]) -> Path:
    """A root folder with /proc and /sys; 8 GiB are available unless `files` says otherwise."""
    files = {"proc/meminfo": "MemTotal: 99 kB\nMemAvailable: 8388608 kB\n", **files}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def mask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


V2 = "sys/fs/cgroup/job/step"
CPU_V1 = "sys/fs/cgroup/cpu/slurm"


@pytest.mark.usefixtures("mask")
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8),
        ({"proc/self/cgroup": "0::/job/step\n"}, 8),
        ({"proc/self/cgroup": "0::/job/step\n", f"{V2}/cpu.max": "max 100000\n"}, 8),
        ({"proc/self/cgroup": "0::/job/step\n", f"{V2}/cpu.max": "300000 100000\n"}, 3),
        ({"proc/self/cgroup": "0::/job/step\n", f"{V2}/cpu.max": "250000 100000\n"}, 3),
        ({"proc/self/cgroup": "0::/job/step\n", f"{V2}/cpu.max": "1000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/job/step\n", f"{V2}/cpu.max": "9900000 100000\n"}, 8),
        ({"proc/self/cgroup": "0::/job/step\n", f"{V2}/cpu.max": "nonsense\n"}, 8),
        (
            {  # the parent's quota holds as well
                "proc/self/cgroup": "0::/job/step\n",
                f"{V2}/cpu.max": "500000 100000\n",
                "sys/fs/cgroup/job/cpu.max": "200000 100000\n",
            },
            2,
        ),
        (
            {
                "proc/self/cgroup": "7:memory:/x\n4:cpu,cpuacct:/slurm\n0::/\n",
                f"{CPU_V1}/cpu.cfs_quota_us": "400000\n",
                f"{CPU_V1}/cpu.cfs_period_us": "100000\n",
            },
            4,
        ),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/slurm\n",
                f"{CPU_V1}/cpu.cfs_quota_us": "-1\n",
                f"{CPU_V1}/cpu.cfs_period_us": "100000\n",
            },
            8,
        ),
        (
            {  # inside a container the path is the host's and the files are at the top
                "proc/self/cgroup": "4:cpu,cpuacct:/docker/0123\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            2,
        ),
        ({"proc/self/cgroup": "0::/../../elsewhere\n"}, 8),
    ],
)
def test_processors(tmp_path: Path, files: Mapping[str, str], expected: int) -> None:
    assert resources.processors(machine(tmp_path, files)) == expected


MEMORY_V1 = "sys/fs/cgroup/memory/slurm"
IN_V1 = {"proc/self/cgroup": "9:memory:/slurm\n4:cpu:/x\n"}
IN_V2 = {"proc/self/cgroup": "0::/job/step\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8 * GIB),
        ({"proc/meminfo": "MemAvailable: 1048576 kB\n"}, GIB),
        ({**IN_V2, f"{V2}/memory.max": "max\n", f"{V2}/memory.current": f"{GIB}\n"}, 8 * GIB),
        (
            {**IN_V2, f"{V2}/memory.max": f"{4 * GIB}\n", f"{V2}/memory.current": f"{GIB}\n"},
            3 * GIB,
        ),
        (
            {  # page cache can be taken back
                **IN_V2,
                f"{V2}/memory.max": f"{4 * GIB}\n",
                f"{V2}/memory.current": f"{3 * GIB}\n",
                f"{V2}/memory.stat": f"anon 5\ninactive_file {GIB}\n",
            },
            2 * GIB,
        ),
        (
            {
                **IN_V2,
                f"{V2}/memory.max": f"{4 * GIB}\n",
                f"{V2}/memory.current": f"{GIB}\n",
                "sys/fs/cgroup/job/memory.max": f"{2 * GIB}\n",
                "sys/fs/cgroup/job/memory.current": f"{GIB}\n",
            },
            GIB,
        ),
        (
            {**IN_V2, f"{V2}/memory.max": f"{GIB}\n", f"{V2}/memory.current": f"{2 * GIB}\n"},
            0,
        ),
        (
            {
                **IN_V1,
                f"{MEMORY_V1}/memory.limit_in_bytes": f"{4 * GIB}\n",
                f"{MEMORY_V1}/memory.usage_in_bytes": f"{3 * GIB}\n",
                f"{MEMORY_V1}/memory.stat": f"inactive_file 5\ntotal_inactive_file {2 * GIB}\n",
            },
            3 * GIB,
        ),
        (
            {
                **IN_V1,
                f"{MEMORY_V1}/memory.limit_in_bytes": f"{UNLIMITED_V1}\n",
                f"{MEMORY_V1}/memory.usage_in_bytes": "0\n",
            },
            8 * GIB,
        ),
    ],
)
def test_memory(tmp_path: Path, files: Mapping[str, str], expected: int) -> None:
    assert resources.memory(machine(tmp_path, files)) == expected


def test_this_machine() -> None:
    assert 1 <= resources.processors() <= len(os.sched_getaffinity(0))
    assert resources.memory() > 0


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1073741824", GIB),
        ("0.5 GiB", GIB // 2),
        ("512M", 512 << 20),
        (" 2 gb ", 2 * GIB),
        ("1 TiB", 1024 * GIB),
        ("3 KiB", 3072),
        ("7 B", 7),
    ],
)
def test_amounts(text: str, amount: int) -> None:
    assert resources.parse_bytes(text, "here") == amount


@pytest.mark.parametrize("text", ["", "lots", "-1 GiB", "1 PiB", "1e9", "1,5 GiB", "GiB"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(InputError, match=f"^here: '{re.escape(text)}' is not an amount"):
        resources.parse_bytes(text, "here")


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 << 20, "5.0 MiB"), (3 * GIB, "3.0 GiB")],
)
def test_amounts_for_people(amount: int, text: str) -> None:
    assert resources.format_bytes(amount) == text


SLURM = "SLURM_CPUS_PER_TASK"
ON_NODE = "SLURM_CPUS_ON_NODE"


@pytest.mark.usefixtures("mask")
@pytest.mark.parametrize(
    ("environment", "files", "expected"),
    [
        ({}, {}, [("affinity mask", 8)]),
        ({SLURM: "4"}, {}, [("affinity mask", 8), (SLURM, 4)]),
        ({SLURM: "1", ON_NODE: "6"}, {}, [("affinity mask", 8), (ON_NODE, 6)]),
        ({SLURM: "many"}, {}, [("affinity mask", 8)]),
        ({"PJM_VNODE_CORE": "6"}, {}, [("affinity mask", 8), ("PJM_VNODE_CORE", 6)]),
        (
            {"PJM_VNODE_CORE": "6", "PJM_NODE_CORE": "48"}, {},
            [("affinity mask", 8), ("PJM_VNODE_CORE", 6)],
        ),
        ({"PJM_NODE_CORE": "4"}, {}, [("affinity mask", 8), ("PJM_NODE_CORE", 4)]),
        (  # nodes and MPI processes are no processors
            {"PJM_NODE": "2", "PJM_VNODE": "3", "PJM_PROC_BY_NODE": "4", "PJM_MPI_PROC": "5"}, {},
            [("affinity mask", 8)],
        ),
        (
            {SLURM: "5", "PJM_VNODE_CORE": "6"}, {},
            [("affinity mask", 8), (SLURM, 5), ("PJM_VNODE_CORE", 6)],
        ),
        (
            {},
            {
                "sys/devices/system/cpu/online": "0-3,8\n",
                "proc/self/cgroup": "0::/job/step\n",
                f"{V2}/cpu.max": "250000 100000\n",
            },
            [("affinity mask", 8), ("online", 5), ("cgroup quota", 3)],
        ),
    ],
)  # fmt: skip
def test_each_limit_of_processors(
    tmp_path: Path,
    environment: dict[str, str],
    files: dict[str, str],
    expected: list[tuple[str, int]],
) -> None:
    root = machine(tmp_path, files)
    assert resources.processor_limits(root, environment) == expected
    assert resources.processors(root, environment) == min(amount for _, amount in expected)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, [("MemAvailable", 8 * GIB)]),
        ({"SLURM_MEM_PER_NODE": "0"}, [("MemAvailable", 8 * GIB)]),
        (
            {"SLURM_MEM_PER_NODE": "2048"},
            [("MemAvailable", 8 * GIB), ("SLURM_MEM_PER_NODE", 2 * GIB)],
        ),
        (
            {"SLURM_MEM_PER_CPU": "1024", SLURM: "4"},
            [("MemAvailable", 8 * GIB), ("SLURM_MEM_PER_CPU", 4 * GIB)],
        ),
        ({"SLURM_MEM_PER_CPU": "1024"}, [("MemAvailable", 8 * GIB)]),
        (  # of PJM's processors Slurm says nothing
            {"SLURM_MEM_PER_CPU": "1024", "PJM_VNODE_CORE": "4"},
            [("MemAvailable", 8 * GIB)],
        ),
    ],
)
def test_each_limit_of_memory(
    tmp_path: Path, environment: dict[str, str], expected: list[tuple[str, int]]
) -> None:
    root = machine(tmp_path, {})
    assert resources.memory_limits(root, environment) == expected
    assert resources.memory(root, environment) == min(amount for _, amount in expected)


@pytest.mark.usefixtures("mask")
def test_what_is_asked_for_is_a_limit_as_well(tmp_path: Path) -> None:
    root = machine(tmp_path, {})
    assert resources.processor_limits(root, {}, 3) == [("affinity mask", 8), ("--jobs", 3)]
    assert resources.processors(root, {}, 3) == 3
    assert resources.processors(root, {}, 99) == 8
    assert resources.memory_limits(root, {}, GIB)[-1] == ("--memory", GIB)
    assert resources.memory(root, {}, GIB) == GIB
    assert resources.memory(root, {}, 99 * GIB) == 8 * GIB


def test_a_cpuset_is_in_the_affinity_mask() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert resources.processors() == 1
    finally:
        os.sched_setaffinity(0, before)
