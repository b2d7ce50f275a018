"""What an audit says: one finding for each thing that somebody should know or mend."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Level: TypeAlias = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`what` is wrong `where`, `why` that matters, and how to `mend` it; `check` names the rule.

    An error refuses what was audited; a warning is for people to look at.
    """

    level: Level
    check: str
    what: str
    where: str
    why: str = ""
    mend: str = ""
