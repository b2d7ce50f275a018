"""Puts the gate in front of every compiler a step's commands may call, however they call it.

By name: a folder that comes first in PATH. Through CMake, which looks compilers up once and writes
their paths into what it builds: a launcher, and a toolchain file that names the real compilers and
keeps other launchers away.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from wheelforge import atomic, evidence
from wheelforge.broker import Keeper, Seat
from wheelforge.events import Event
from wheelforge.gatehouse import NAME, furnish
from wheelforge.job.folder import link_programs

_ROLES = {"CC": "C", "CXX": "CXX", "FC": "Fortran"}
_NAMES = (
    "cc", "c++", "gcc", "g++", "c89", "c99", "gfortran", "f77", "f95", "clang", "clang++",
    "flang", "flang-new", "fcc", "FCC", "frt",
)  # fmt: skip
# torchaudio, for one, looks for ccache and makes it the launcher, in the gate's place
_LAUNCHER = 'set(CCACHE_PROGRAM "" CACHE FILEPATH "the gate is the launcher")\n'
_STATS = "ccache.stats"
_HITS = ("direct_cache_hit", "preprocessed_cache_hit")  # storages say so as well, each for itself


@dataclass(frozen=True, kw_only=True)
class Gates:
    """What stands in front of compilers: the broker, the gate's program, ccache and its folder."""

    keeper: Keeper
    gate: Path
    ccache: Path | None = None
    cache: Path = Path()

    @asynccontextmanager
    async def seat(
        self, step: str, name: str, work: Path, estimate: int, tell: Callable[[Event], None]
    ) -> AsyncIterator[Gated]:
        """Serve the gates of a step's commands; `estimate` bytes are its recipe's guess."""
        (work / "gate" / _STATS).unlink(missing_ok=True)  # of a run that was interrupted
        evidence.begin(work)
        async with self.keeper.seat(step, name, work, estimate, tell) as seat:
            evidence.forget(work, seat.journal.cleaned)
            yield Gated(seat, work / "gate", self)


@dataclass(frozen=True)
class Gated:
    """A step whose compilers are gated: what its environment becomes, and what failed in it."""

    seat: Seat
    folder: Path
    gates: Gates

    @property
    def descriptors(self) -> tuple[int, int]:
        """What its programs inherit."""
        return self.seat.server.descriptors

    def dress(self, env: Mapping[str, str], *, told: bool = False) -> dict[str, str]:
        """The variables of a command with the gate in front of every compiler they name.

        `told`: the command is told its number of jobs, which would make it warn of a jobserver.
        """
        named = {role: shlex.split(env[role]) for role in _ROLES if env.get(role)}
        real = _on_path(env["PATH"], names_of(named))
        real |= {Path(words[0]).name: words[0] for words in named.values() if "/" in words[0]}
        furnish(self.folder, self.gates.gate, real)
        launcher = str(self.folder / "launcher" / NAME)  # a path that stays, as CMake keeps it
        link_programs(self.folder / "launcher", {NAME: str(self.gates.gate)})
        toolchain = self.folder / "toolchain.cmake"
        given = env.get("CMAKE_TOOLCHAIN_FILE", "")
        atomic.write_if_changed(toolchain, _toolchain_file(named, real, given).encode())
        changed = {
            "PATH": f"{self.folder / 'bin'}:{env['PATH']}",
            "WHEELFORGE_BROKER": str(self.gates.keeper.socket),
            "WHEELFORGE_GATE": launcher,
            **self._listed(),
            "CMAKE_TOOLCHAIN_FILE": str(toolchain),
        }
        if not told:
            changed["MAKEFLAGS"] = f"{env.get('MAKEFLAGS', '')}{self.seat.server.flags}"
        for role, words in named.items():
            changed[role] = shlex.join([Path(words[0]).name, *words[1:]])
            for kind in ("COMPILER", "LINKER"):
                changed[f"CMAKE_{_ROLES[role]}_{kind}_LAUNCHER"] = launcher
        return {**env, **changed, **self._cached()}

    def hits(self) -> tuple[int, int]:
        """How often the compiler cache had what was asked for, and how often not."""
        try:
            lines = (self.folder / _STATS).read_text().splitlines()
        except OSError:
            return 0, 0
        return sum(map(lines.count, _HITS)), lines.count("cache_miss")

    def _listed(self) -> dict[str, str]:
        """Where gates write what was compiled, unless some of it was before there was a list."""
        commands = Path(self.seat.work, evidence.LIST)
        return {"WHEELFORGE_COMMANDS": str(commands)} if commands.exists() else {}

    def _cached(self) -> dict[str, str]:
        """Settings of ccache: paths below the work folder do not count (ccache(1))."""
        if self.gates.ccache is None:
            return {}
        return {
            "WHEELFORGE_CCACHE": str(self.gates.ccache),
            "CCACHE_DIR": str(self.gates.cache),
            "CCACHE_BASEDIR": self.seat.work,
            "CCACHE_NOHASHDIR": "1",
            "CCACHE_COMPILERCHECK": "content",
            "CCACHE_STATSLOG": str(self.folder / _STATS),
        }


def names_of(named: Mapping[str, list[str]]) -> set[str]:
    """The names compilers are called by: their own, the usual, those with a machine before them."""
    prefixes = {
        name[: -len(plain)]
        for words in named.values()
        for name in [Path(words[0]).name]
        for plain in _NAMES
        if name.endswith(f"-{plain}")
    }
    prefixes.add(_triplet())
    own = {Path(words[0]).name for words in named.values()}  # gcc-12, mpicc
    return own | {prefix + name for prefix in ("", *prefixes) for name in _NAMES}


def _triplet() -> str:
    import sysconfig

    return f"{sysconfig.get_config_var('MULTIARCH') or 'none'}-"


def _on_path(path: str, names: set[str]) -> dict[str, str]:
    found = {name: shutil.which(name, path=path) for name in sorted(names)}
    return {name: target for name, target in found.items() if target}


def _toolchain_file(named: Mapping[str, list[str]], real: Mapping[str, str], given: str) -> str:
    """As CMake itself would have found them in CC, CXX and FC: in its cache, for those who look.

    What a toolchain file was `given` says holds first.
    """
    lines = [f'include("{given}")\n'] if given else []
    for role, words in named.items():
        compiler = ";".join([real.get(words[0], words[0]), *words[1:]])
        lines.append(
            f'set(CMAKE_{_ROLES[role]}_COMPILER "{compiler}" CACHE STRING "from {role}")\n'
        )
    return "".join([*lines, _LAUNCHER])
