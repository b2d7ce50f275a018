"""Says why a command failed: the first error, and the compile it came from."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wheelforge import diagnosis, process
from wheelforge.broker import Failure
from wheelforge.errors import BuildError, ForgeError, InputError
from wheelforge.resources import format_bytes


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What is the same for all failures of a step; `advice` names its log and what to type next."""

    step: str
    home: Path
    advice: str


def failure(
    label: str, code: int, lines: list[str], failed: Sequence[Failure], about: Circumstances
) -> ForgeError:
    """The error for a command that ended with `code` after printing `lines`.

    `failed` are the compiles that failed meanwhile.
    """
    how = f"failed with exit code {code}" if code > 0 else f"was killed by signal {-code}"
    if lines and lines[-1].startswith(process.TIME_LIMIT):
        how = "was " + lines.pop().removeprefix("wheelforge: ")
    if diagnosis.disk_full(lines):
        return InputError(
            f"no space left on the device ({label})",
            where=str(about.home),
            remedy=f"free space there or set WHEELFORGE_HOME elsewhere; {about.advice}",
        )
    unit = blamed(lines, failed)
    first = diagnosis.first_error(unit.said.splitlines() if unit else lines)
    remedies = [about.advice] if unit is None else [told(unit), about.advice]
    if unit is not None and unit.killed:
        first = f"out of memory: {unit.unit.source or unit.unit.output} was killed"
        remedies.insert(
            1, "give it more memory (sbatch --mem, another node), or run less beside it"
        )
    return BuildError(
        f"{label} {how}: {first or '(it printed nothing)'}",
        where=about.step,
        remedy="\n  ".join(remedies),
    )


def blamed(lines: Sequence[str], failed: Sequence[Failure]) -> Failure | None:
    """The compile whose complaint is the build's: configure's own trials fail all the time."""
    printed = {diagnosis.plain(line) for line in lines} - {""}
    for unit in failed:
        first = diagnosis.first_error(unit.said.splitlines())
        if first in printed or (unit.killed and unit is failed[-1]):
            return unit
    return None


def told(failed: Failure) -> str:
    """The command and its peak memory, for people."""
    what = "linking" if failed.unit.kind == "link" else "compiling"
    peak = f" (it held {format_bytes(failed.peak)} at most)" if failed.peak else ""
    name = failed.unit.output if failed.unit.kind == "link" else failed.unit.source
    return f"{what} {name}{peak}:\n    cd {shlex.quote(failed.cwd)} && {shlex.join(failed.argv)}"
