"""Whether a wheelhouse is what it says, and installs and works in a clean environment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from wheelforge.errors import RejectedError
from wheelforge.trial import make_trial
from wheelforge.verify.agreement import agree
from wheelforge.wheel import REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from wheelforge.interpreter import Interpreter
    from wheelforge.recipe import PythonCheck
    from wheelforge.sigill import Reporter
    from wheelforge.trial import Outcome

__all__ = ["agree", "chosen", "try_out"]


def chosen(
    checks: Mapping[str, Sequence[PythonCheck]], locked: Collection[str]
) -> list[tuple[str, PythonCheck]]:
    """The recipes' checks by package that count: those of packages that are in the lock."""
    return [
        (package, check)
        for package in sorted(checks)
        for check in checks[package]
        if canonicalize_name(package) in locked
    ]


def try_out(
    wheelhouse: Path,
    python: Interpreter,
    checks: Sequence[tuple[str, PythonCheck]],
    scratch: Path,
    tell: Callable[[str], None],
    reporter: Reporter | None = None,
) -> list[str]:
    """Install the lock as a user would, and run the checks there; the names of what passed.

    `scratch` receives the environment, which stays only if something fails; `reporter` says where
    a check was ended by SIGILL. RejectedError names everything that did not pass.
    """
    return asyncio.run(_try_out(wheelhouse, python, checks, scratch, tell, reporter))


async def _try_out(
    wheelhouse: Path,
    python: Interpreter,
    checks: Sequence[tuple[str, PythonCheck]],
    scratch: Path,
    tell: Callable[[str], None],
    reporter: Reporter | None = None,
) -> list[str]:
    trial = await make_trial(python, scratch, reporter=reporter)
    installed = await trial.install_locked(wheelhouse)
    installed.require("pip cannot install the lock", str(wheelhouse / REQUIREMENTS))
    (await trial.consistent()).require("pip check", str(wheelhouse / REQUIREMENTS))
    passed = ["the lock installs", "pip check"]
    tell(f"installed with pip for Python {python.version}, nothing is missing")
    failed: dict[str, Outcome] = {}
    for package, check in checks:
        name = f"{package}: {check.name}"
        outcome = await trial.check(check)
        tell(f"{name}: {'passed' if outcome.ok else 'failed'}")
        if outcome.ok:
            passed.append(name)
        else:
            failed[name] = outcome
    if failed:
        raise _rejection(wheelhouse, failed, len(checks))
    trial.remove()
    return passed


def _rejection(wheelhouse: Path, failed: Mapping[str, Outcome], total: int) -> RejectedError:
    lines = [f"{name}: {outcome.detail}" for name, outcome in failed.items()]
    return RejectedError(
        "\n  ".join([f"{len(failed)} of {total} checks failed", *lines]),
        where=str(wheelhouse),
        remedy="\n    ".join(["to see it again:", *(one.command for one in failed.values())]),
    )
