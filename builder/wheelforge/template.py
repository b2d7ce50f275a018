"""Two small substitutions: `{name}` in recipes, `@{name}` in plans.

A recipe may say `{version}` or `{target.acl_arch}`; resolve replaces what is known then. Paths that
exist only while a step runs (`{prefix}`, `{src}`, `{dep.acl}` …) become `@{prefix}` in the plan, so
that a plan, and every key made from it, is the same whatever directory it later runs in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wheelforge.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_IN_RECIPE = re.compile(r"(?<![$@{])\{([a-z][a-z0-9_]*(?:\.[A-Za-z0-9_+-]+)*)\}")
_IN_PLAN = re.compile(r"@\{([a-z][a-z0-9_]*(?:\.[A-Za-z0-9_+.-]+)*)\}")

PATHS = ("prefix", "src", "build", "stage", "wheels", "env", "work", "jobs", "bin", "out")


def expand(
    text: str,
    values: Mapping[str, str],
    where: str | Callable[[], str],
    paths: Collection[str] = PATHS,
) -> str:
    """Replace every `{name}` of a recipe's string; raise InputError on a name nobody defines.

    `paths` are the names that stay to be filled in while the step runs.
    """
    if "{" not in text:
        return text

    def refuse(what: str, remedy: str) -> InputError:
        told = where if isinstance(where, str) else where()
        return InputError(what, where=told, remedy=remedy)

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in values:
            return values[name]
        if name in paths:
            return "@{" + name + "}"
        what = f"'{{{name}}}' is not a value a recipe can refer to here"
        raise refuse(what, nearest(name, [*values, *paths]))

    if "@{" in text and (reserved := _IN_PLAN.search(text)) is not None:
        raise refuse(f"'{reserved[0]}' has a meaning in plans only", f"write {reserved[0][1:]}")
    return _IN_RECIPE.sub(value, text)


def render(text: str, value: Callable[[str], str]) -> str:
    """Replace every `@{name}` of a plan's string by `value(name)`."""
    return _IN_PLAN.sub(lambda match: value(match[1]), text)


def names(text: str) -> list[str]:
    """The names a plan's string refers to, in order."""
    return [match[1] for match in _IN_PLAN.finditer(text)]
