"""The one family of errors a user may see; anything else that escapes is a bug of ours."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

EXIT_INPUT = 1
EXIT_BUILD = 2
EXIT_REJECTED = 3
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class ForgeError(Exception):
    """What failed, where, and what to type next.

    `what` is one sentence without a full stop; `where` names a file, key, step or option;
    `remedy` is an instruction the reader can follow. `exit_code` is what the process returns.
    """

    exit_code = EXIT_INPUT

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.remedy}" if self.remedy else head


class InputError(ForgeError):
    """The user's input cannot be worked with: exit code 1."""


class BuildError(ForgeError):
    """A step of the build failed: exit code 2."""

    exit_code = EXIT_BUILD


class RejectedError(ForgeError):
    """Something was built but is not what was asked for: exit code 3."""

    exit_code = EXIT_REJECTED


class InterruptedRunError(ForgeError):
    """The user or the batch system stopped the run: exit code 130."""

    exit_code = EXIT_INTERRUPTED


def nearest(word: str, known: Iterable[str]) -> str:
    """A remedy that names what `word` may have meant, or all that is known when nothing is near."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(close) + "?"
    if not names:
        return "nothing is known here"
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")  # noqa: PLR2004
    return f"known: {shown}"
