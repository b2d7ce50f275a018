from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wheelforge import resources
from wheelforge.resources import cgroups

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MIB = 1 << 20
GIB = 1 << 30
V2 = "sys/fs/cgroup/job/step"
V1 = "sys/fs/cgroup/memory/job/step"
IN_V2 = {"proc/self/cgroup": "0::/job/step"}
IN_V1 = {"proc/self/cgroup": "9:cpu:/x\n4:memory:/job/step"}


def put(root: Path, files: Mapping[str, object]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


def machine(root: Path, files: Mapping[str, object]) -> Path:
    """A node of 32 GiB of which 8 GiB are available."""
    meminfo = f"MemTotal: {32 << 20} kB\nMemFree: 1 kB\nMemAvailable: {8 << 20} kB"
    return put(root, {"proc/meminfo": meminfo, **files})


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("files", "environment", "asked", "limit", "left"),
    [
        ({}, {}, 0, 32 * GIB, 8 * GIB),
        ({"proc/meminfo": "nothing of the kind"}, {}, 0, 1 << 60, 1 << 60),
        ({}, {}, 2 * GIB, 2 * GIB, 2 * GIB),
        ({}, {"SLURM_MEM_PER_NODE": "4096"}, 6 * GIB, 4 * GIB, 4 * GIB),
        ({**IN_V2, f"{V2}/memory.max": "max", f"{V2}/memory.current": 5}, {}, 0, 32 * GIB, 8 * GIB),
        (
            {**IN_V2, f"{V2}/memory.max": 4 * GIB, f"{V2}/memory.current": GIB},
            {}, 0, 4 * GIB, 3 * GIB,
        ),
        (
            {  # above `high` everything is throttled: it is where a build has to stop
                **IN_V2,
                f"{V2}/memory.max": 4 * GIB,
                f"{V2}/memory.high": 3 * GIB,
                f"{V2}/memory.current": GIB,
            },
            {}, 0, 3 * GIB, 2 * GIB,
        ),
        (
            {  # a parent's limit holds for all that is below it
                **IN_V2,
                f"{V2}/memory.max": 4 * GIB,
                f"{V2}/memory.current": GIB,
                "sys/fs/cgroup/job/memory.high": 3 * GIB,
                "sys/fs/cgroup/job/memory.current": 2 * GIB,
            },
            {}, 0, 3 * GIB, GIB,
        ),
        (
            {
                **IN_V1,
                f"{V1}/memory.limit_in_bytes": 9223372036854771712,
                f"{V1}/memory.usage_in_bytes": GIB,
                "sys/fs/cgroup/memory/job/memory.limit_in_bytes": 4 * GIB,
                "sys/fs/cgroup/memory/job/memory.usage_in_bytes": 3 * GIB,
            },
            {}, 0, 4 * GIB, GIB,
        ),
        (
            {  # memory and swap together: what was swapped out counts
                **IN_V1,
                f"{V1}/memory.limit_in_bytes": 4 * GIB,
                f"{V1}/memory.usage_in_bytes": GIB,
                f"{V1}/memory.memsw.limit_in_bytes": 4 * GIB,
                f"{V1}/memory.memsw.usage_in_bytes": 3 * GIB,
            },
            {}, 0, 4 * GIB, GIB,
        ),
        (
            {**IN_V2, f"{V2}/memory.max": GIB, f"{V2}/memory.current": 2 * GIB},
            {}, 0, GIB, 0,
        ),
        ({**IN_V2, f"{V2}/memory.max": GIB}, {}, 0, 32 * GIB, 8 * GIB),  # no telling what is used
    ],
)  # fmt: skip
def test_what_is_left_of_what(
    tmp_path: Path,
    files: Mapping[str, object],
    environment: Mapping[str, str],
    asked: int,
    limit: int,
    left: int,
) -> None:
    root = machine(tmp_path, files)
    room = resources.MemoryRoom(root, environment, asked)
    assert (room.limit, room.left()) == (limit, left)
    assert resources.memory(root, environment, asked) == left
    room.close()


def test_it_is_read_anew_each_time(tmp_path: Path) -> None:
    files = {**IN_V2, f"{V2}/memory.max": 4 * GIB, f"{V2}/memory.current": GIB}
    room = resources.MemoryRoom(machine(tmp_path, files), {})
    assert room.left() == 3 * GIB
    put(tmp_path, {f"{V2}/memory.current": 3 * GIB})
    assert room.left() == GIB
    put(tmp_path, {"proc/meminfo": "MemAvailable: 1024 kB"})
    assert room.left() == MIB
    room.close()


def test_what_processes_hold_counts_where_nobody_meters_them(tmp_path: Path) -> None:
    files = {**IN_V2, f"{V2}/memory.max": 4 * GIB, f"{V2}/memory.current": 3 * GIB}
    root = machine(tmp_path, files)
    metered = resources.MemoryRoom(root, {})
    assert metered.left(held=3 * GIB) == GIB  # the cgroup counts them already
    told = resources.MemoryRoom(root, {"SLURM_MEM_PER_NODE": "3584"})
    assert told.left(held=3 * GIB) == GIB // 2
    assert told.left(held=4 * GIB) == 0
    metered.close()
    told.close()


def test_closing_leaves_no_file_open(tmp_path: Path) -> None:
    files = {**IN_V2, f"{V2}/memory.max": GIB, f"{V2}/memory.current": 1, f"{V2}/memory.stat": ""}
    root, before = machine(tmp_path, files), open_files()
    room = resources.MemoryRoom(root, {})
    assert open_files() == before + 3
    room.close()
    room.close()
    assert open_files() == before


@pytest.mark.parametrize(
    ("stat", "amount"),
    [
        ("", 0),
        ("nonsense", 0),
        ("anon 7\ninactive_file 100\nactive_file 50", 150),  # both lists are emptied in need
        ("inactive_file 100\nactive_file 50\nfile_mapped 30", 120),  # a compiler's own code
        ("inactive_file 100\nfile_dirty 30\nfile_writeback 20", 50),  # to be written out first
        ("inactive_file 10\nfile_mapped 30\nslab_reclaimable 5", 5),  # mapped shared memory
        ("inactive_file 1\ntotal_inactive_file 100\ntotal_active_file 20", 120),  # v1: the children
        ("total_inactive_file 100\ntotal_mapped_file 1\ntotal_dirty 2\ntotal_writeback 3", 94),
        ("inactive_file 1\ntotal_inactive_file 0\nslab_reclaimable 5", 0),
    ],
)
def test_what_can_be_taken_back(stat: str, amount: int) -> None:
    assert cgroups.reclaimable(stat.encode()) == amount


def test_every_limit_is_told_apart(tmp_path: Path) -> None:
    files = {
        **IN_V2,
        f"{V2}/memory.max": 4 * GIB,
        f"{V2}/memory.high": 3 * GIB,
        f"{V2}/memory.current": GIB,
        f"{V2}/memory.stat": f"inactive_file {GIB // 2}",
    }
    assert resources.memory_limits(machine(tmp_path, files), {}, GIB) == [
        ("MemAvailable", 8 * GIB),
        ("cgroup", 3 * GIB + GIB // 2),
        ("cgroup memory.high", 2 * GIB + GIB // 2),
        ("--memory", GIB),
    ]


# A process of a group of 96 MiB writes and reads twice as much, maps a file, then takes as much
# memory as it was told is left, nearly.
CHILD = """
import json, mmap, os, sys
from pathlib import Path
group, folder, mib = Path(sys.argv[1]), Path(sys.argv[2]), 1 << 20
(group / "cgroup.procs").write_text("0")
from wheelforge.resources import MemoryRoom
room = MemoryRoom()
said = {"limit": room.limit}
for number in range(12):
    (folder / str(number)).write_bytes(b"x" * (16 * mib))
os.sync()
for number in (*range(12), 10, 11, 10, 11):
    with (folder / str(number)).open("rb") as file:
        while file.read(mib):
            pass
said["usage"] = int((group / "memory.usage_in_bytes").read_text())
said["cached"] = room.left()
with (folder / "11").open("rb") as file:
    mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
sum(mapped[at] for at in range(0, len(mapped), 4096))
said["mapped"] = room.left()
taken = mmap.mmap(-1, said["mapped"] - 2 * mib, flags=mmap.MAP_PRIVATE)
for at in range(0, len(taken), 4096):
    taken[at] = 1
said["taken"] = room.left()
print(json.dumps(said))
"""


@pytest.fixture
def group() -> Iterator[Path]:
    """A cgroup of 96 MiB below this process's own, gone afterwards."""
    own = Path("/proc/self/cgroup").read_text().splitlines()
    paths = [line.split(":", 2)[2] for line in own if "memory" in line.split(":")[1].split(",")]
    if not paths:
        pytest.skip("this machine has no cgroup v1 of memory")
    folder = Path("/sys/fs/cgroup/memory", paths[0].strip("/"), f"wheelforge-test-{os.getpid()}")
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    try:
        (folder / "memory.limit_in_bytes").write_text(str(96 * MIB))
        yield folder
    finally:
        deadline = time.monotonic() + 10
        while folder.is_dir():
            try:
                folder.rmdir()
            except OSError:  # its last process has not quite gone
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


def test_a_cgroup_full_of_page_cache_is_not_full(group: Path, tmp_path: Path) -> None:
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    kinds = {place: kind for place, kind in mounts if tmp_path.is_relative_to(place)}
    if kinds[max(kinds, key=len)] in {"tmpfs", "ramfs"}:
        pytest.skip("temporary files are in memory, and no page cache")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(group), str(tmp_path)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr  # a negative one: more was promised than there was
    said = json.loads(done.stdout)
    assert said["limit"] == 96 * MIB
    assert said["usage"] > 80 * MIB
    assert said["cached"] > 48 * MIB  # what was read is not lost
    assert said["cached"] - said["mapped"] > 12 * MIB  # 16 MiB are in use now
    assert said["taken"] < 24 * MIB
