"""Regular expressions and globs that data gives: what they may be."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_LONGEST = 1000  # characters of a pattern
_DEEPEST = 2  # `**` in a glob: each visits every folder once more


def expression_fault(pattern: str) -> str:
    """Why a pattern is no regular expression with a group; empty where it is one."""
    if len(pattern) > _LONGEST:
        return f"a regular expression of {len(pattern)} characters is too long"
    try:
        groups = re.compile(pattern).groups
    except (re.error, RecursionError, OverflowError):
        groups = 0
    return "" if groups else f"'{pattern}' is not a regular expression with a group"


def glob_fault(pattern: str) -> str:
    """Why a pattern is no glob of names below a folder; empty where it is one."""
    parts = PurePosixPath(pattern).parts
    if not parts:
        return "an empty pattern matches nothing"
    if parts[0].startswith("/") or ".." in parts:
        return f"'{pattern}' leads outside the tree"
    if any("**" in part and part != "**" for part in parts):
        return f"'{pattern}' has '**' beside other characters"
    if len(pattern) > _LONGEST or parts.count("**") > _DEEPEST:
        return f"a pattern with more than {_DEEPEST} '**', or {_LONGEST} characters, takes too long"
    return ""
