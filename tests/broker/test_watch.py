from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wheelforge.broker.watch import held

MIB = 1 << 20
# Holds argv[1] MiB of its own and 64 MiB that are shared, and so do its child, and the child's
# child …, argv[2] of them in all. They end when their standard input does.
TREE = """
import mmap, os, subprocess, sys
amount, count = int(sys.argv[1]) << 20, int(sys.argv[2])
mine = mmap.mmap(-1, max(amount, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
shared = mmap.mmap(-1, 64 << 20)
for block in (mine, shared):
    for at in range(0, len(block), 4096):
        block[at] = 1
print("ready", flush=True)
if count > 1:
    subprocess.run([sys.executable, __file__, sys.argv[1], str(count - 1)])
sys.stdin.read()
"""


@contextmanager
def tree(folder: Path, mebibytes: int, count: int) -> Iterator[int]:
    """The first of `count` processes, each the child of the one before, that hold so much each."""
    script = folder / "tree.py"
    script.write_text(TREE)
    argv = [sys.executable, str(script), str(mebibytes), str(count)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for _ in range(count):
            assert child.stdout.readline() == "ready\n"
        yield child.pid
        child.stdin.close()


@pytest.mark.parametrize(("mebibytes", "count"), [(100, 1), (40, 3)])
def test_what_a_process_and_its_descendants_hold(
    tmp_path: Path, mebibytes: int, count: int
) -> None:
    with tree(tmp_path, mebibytes, count) as first:
        found = held(first)
    wanted = mebibytes * count * MIB
    assert wanted <= found <= wanted + count * 24 * MIB  # an interpreter is less, sharing is more


def test_what_is_gone_holds_nothing() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert held(child.pid) == 0


def test_oneself_is_told_as_by_the_kernel() -> None:
    block = b"x" * (50 * MIB)
    assert held(os.getpid()) >= len(block)
