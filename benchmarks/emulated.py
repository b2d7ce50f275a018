"""Cross compilers against emulated ones: a part of OpenBLAS for A64FX, about ten minutes.

    wheelforge fetch openblas --overlay debian          # once: sources come from this cache
    python benchmarks/emulated.py [--part others|interface|single|whole] [--jobs 2]

Both sides are the commands of `wheelforge plan openblas --overlay debian --target a64fx
--toolchain aarch64-cross`, by hand. One runs them as they stand: native compilers. The other runs
them inside the sysroot, where cmake, make and GCC are aarch64 programs that qemu emulates, as in a
container of another machine: the same cmake options and flags, but nothing that is for crossing.
Sources, headers, libraries and jobs are the same, and GCC's release where Debian has a suite with
it. The sysroot with compilers in it is made in WHEELFORGE_HOME (500 MiB; needs mmdebstrap). Prints
the seconds by the clock and of the processors of configure and build, which of qemu's include its
translations, their ratios, and whether the same came out.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec

import noise
from by_hand import Done, Hand, fetched
from forge import with_sources
from tables import ratio, row
from wheelforge import catalog, emulator, sysroots
from wheelforge.errors import InputError
from wheelforge.graph import BuildStep
from wheelforge.pipeline import Home
from wheelforge.sysroot import Definition, Sysroot

_WIDTHS = (-22, 10, 10, 10, 10)
_RECIPE, _CROSS = "openblas", "aarch64-linux-gnu-"
_SINGLE = """\
BUILD_WITHOUT_LAPACK = true
BUILD_SINGLE = true
BUILD_DOUBLE = false
BUILD_COMPLEX = false
BUILD_COMPLEX16 = false
"""
PARTS = {
    "others": f'[build]\ntargets = ["driver_others"]\n[build.options]\n{_SINGLE}',
    "interface": f'[build]\ntargets = ["interface"]\n[build.options]\n{_SINGLE}',
    "single": f"[build.options]\n{_SINGLE}",
    "whole": "",
}
_PATH = "/usr/bin:/usr/sbin"
_SHOWN = 10
_TOOLS = ("gcc", "g++", "gfortran", "make", "cmake", "coreutils", "dash")
_FOR_CROSSING = frozenset(
    {"AR", "CMAKE_TOOLCHAIN_FILE", "PKG_CONFIG_LIBDIR", "QEMU_LD_PREFIX", "RANLIB"}
)
# in a mount namespace of its own: root $0 with the system in $1, this machine's devices, and $2
_ENTER = """\
for name in usr etc; do mount --bind "$1/$name" "$0/$name"; done
for name in dev proc; do mount --rbind "/$name" "$0/$name"; done
mount --bind "$2" "$0$2"
root=$0
shift 2
exec chroot "$root" env -C "$PWD" "$@"
"""


@dataclass(frozen=True)
class Side:
    """How one side went, and the words that ask its compiler and its cmake for their versions."""

    hand: Hand
    done: Done
    gcc: str
    cmake: str

    def files(self, pattern: str) -> dict[str, Path]:
        """What was made, by its name below the build folder."""
        build = self.hand.work / "build"
        return {str(file.relative_to(build)): file for file in build.glob(f"**/{pattern}")}


def system() -> Sysroot:
    """The sysroot of both sides, made unless it is there; ends the program where it cannot be."""
    try:
        return asyncio.run(sysroots.create(definition(), Home.open().root, print)).manifest.sysroot
    except InputError as error:
        raise SystemExit(f"error: {error}") from None


def definition() -> Definition:
    """A shipped sysroot with the cross compiler's GCC, or else the first, and compilers in it."""
    if shutil.which(f"{_CROSS}gcc") is None:
        raise SystemExit(f"there is no {_CROSS}gcc: docs/cross.md says what to install")
    said = subprocess.run(
        [f"{_CROSS}gcc", "-dumpversion"], check=True, text=True, stdout=subprocess.PIPE
    )
    shipped = [catalog.load_sysroot(name) for name in sorted(catalog.sysroots())]
    mine = [item for item in shipped if item.machine == "aarch64"]
    wanted = f"libstdc++-{said.stdout.split('.')[0].strip()}-dev"
    best = next((item for item in mine if wanted in item.packages), mine[0])
    return msgspec.structs.replace(
        best,
        name=f"{best.name}-compilers",
        summary="With compilers, for benchmarks/emulated.py",
        packages=(*best.packages, *_TOOLS),
    )


def cross(step: BuildStep, work: Path, jobs: int) -> Side:
    """With native compilers."""
    return _side(Hand(step, work, fetched), jobs, step.programs["cmake"], f"{_CROSS}gcc")


def emulated(step: BuildStep, work: Path, jobs: int) -> Side:
    """With the sysroot's."""
    env = {name: text for name, text in step.env.items() if name not in _FOR_CROSSING}
    env |= {"CC": "gcc", "CXX": "g++", "FC": "gfortran", "PATH": _PATH}
    own = msgspec.structs.replace(step, env=env, programs={}, files={})
    words = ("unshare", "--map-root-user", "--mount", "sh", "-ec", _ENTER)
    system = Path(step.sysroot)
    root = _frame(work.with_name("root"), system, work)
    inside = (*words, str(root), str(system), str(work))
    return _side(Hand(own, work, fetched, inside=inside), jobs, "cmake", "gcc")


def _frame(root: Path, system: Path, work: Path) -> Path:
    """An empty root with a place for all that is mounted: the sysroot itself stays as it is."""
    for name in ("usr", "etc", "dev", "proc", str(work).lstrip("/")):
        (root / name).mkdir(parents=True)
    for path in system.iterdir():
        if path.is_symlink():
            (root / path.name).symlink_to(path.readlink())
    return root


def _side(hand: Hand, jobs: int, cmake: str, gcc: str) -> Side:
    done = hand.run(jobs)
    if done.problem:
        logs = sorted(hand.work.glob("*.log"), key=lambda log: log.stat().st_mtime)
        raise SystemExit(f"{done.problem}\n{logs[-1].read_text(errors='replace')[-2000:]}")
    return Side(hand, done, _version(hand, gcc), _version(hand, cmake))


def _version(hand: Hand, program: str) -> str:
    argv = [*hand.inside, program, "--version"]
    said = subprocess.run(
        argv, env={"PATH": _PATH}, cwd=hand.work, check=True, text=True, stdout=subprocess.PIPE
    )
    return said.stdout.splitlines()[0]


def report(one: Side, other: Side) -> None:
    """The table, and what came out."""
    row(_WIDTHS, "", "configure", "", "build", "")
    row(_WIDTHS, "", *(2 * ("clock", "processor")))
    cells = []
    for name, side in (("cross", one), ("emulated", other)):
        done = side.done
        cells.append(
            [part[label] for label in ("configure", "build") for part in (done.seconds, done.busy)]
        )
        row(_WIDTHS, name, *(f"{seconds:.1f} s" for seconds in cells[-1]))
    row(_WIDTHS, "emulated / cross", *map(ratio, cells[1], cells[0]))
    for name, side in (("cross", one), ("emulated", other)):
        print(f"{name}: {side.gcc}; {side.cmake}; {len(side.files('*.o'))} compiles")
    compare(one, other)


def compare(one: Side, other: Side) -> None:
    """Whether what they made defines the same symbols, and how much of it is the same."""
    for what, pattern in (("objects", "*.o"), ("libraries", "lib/*.so")):
        here, there = one.files(pattern), other.files(pattern)
        every, both = here.keys() | there.keys(), here.keys() & there.keys()
        symbols = sum(_symbols(here[name]) == _symbols(there[name]) for name in both)
        same = {name for name in both if _code(here[name]) == _code(there[name])}
        if every:
            found = f"{symbols} with the same symbols, {len(same)} the same byte for byte"
            print(f"of {len(every)} {what}: {found}")
            for name in sorted(every - same)[:_SHOWN]:
                print(f"  not the same: {name}")


def _code(file: Path) -> bytes:
    """All but .comment, in which a compiler writes Debian's revision of it."""
    with tempfile.NamedTemporaryFile() as copy:
        argv = [f"{_CROSS}objcopy", "--remove-section=.comment", str(file), copy.name]
        subprocess.run(argv, check=True)
        return Path(copy.name).read_bytes()


def _symbols(file: Path) -> list[str]:
    dynamic = ["--dynamic"] if ".so" in file.suffixes else []
    argv = [f"{_CROSS}nm", *dynamic, "--defined-only", "--format=just-symbols", str(file)]
    done = subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE)
    return sorted(done.stdout.split())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=PARTS, default="interface", help="of OpenBLAS")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    made = system()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary).resolve()
        (root / "part").mkdir()
        (root / "part" / f"{_RECIPE}.toml").write_text(PARTS[asked.part])
        step = with_sources(
            root / "forge",
            ("--overlay", "debian", "--overlay", str(root / "part"), "--target", "a64fx",
             "--toolchain", "aarch64-cross", "--sysroot", made.path),
        ).step(_RECIPE)  # fmt: skip
        step = msgspec.structs.replace(step, commands=step.commands[:2])  # nothing is installed
        print(f"{made.name}: {made.libc}; qemu {emulator.look(made.machine).version}", flush=True)
        with noise.told():
            one = cross(step, root / "cross" / "work", asked.jobs)
            other = emulated(step, root / "emulated" / "work", asked.jobs)
        report(one, other)


if __name__ == "__main__":
    main()
