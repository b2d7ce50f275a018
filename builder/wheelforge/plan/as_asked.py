"""Checks that a recipe's options have to be what the build heard of them."""

from __future__ import annotations

from glob import escape

import msgspec

from wheelforge.backends.options import switch
from wheelforge.recipe import Build, Check, CMakeCheck


def as_asked(check: Check, build: Build | None) -> Check | None:
    """The check with the options that it means; None where that is nothing at all."""
    if not isinstance(check, CMakeCheck) or not check.asked:
        return check
    options = build.options if build is not None and build.backend == "cmake" else {}
    cache = {
        name: value if isinstance(value, bool) else escape(switch(value))
        for name, value in options.items()
    }
    if not cache and not check.cache:
        return None
    return msgspec.structs.replace(check, cache={**cache, **check.cache}, asked=False)
