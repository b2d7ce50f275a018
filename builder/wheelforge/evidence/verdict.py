"""Holds evidence against what a recipe says of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase

from wheelforge.evidence.model import Cache, Compile
from wheelforge.invocation import options
from wheelforge.recipe import CMakeCheck, CommandsCheck

_SHOWN = 5  # of the files that a complaint is about
_LAST_COUNTS = ("-O", "-std=", "-march=", "-mcpu=", "-mtune=")  # a later one takes its place
_PROCESSOR = ("-march=", "-mcpu=")
_TRUE = {"1", "ON", "YES", "TRUE", "Y"}
_FALSE = {"0", "OFF", "NO", "FALSE", "N", "IGNORE", "NOTFOUND", ""}


def command_faults(check: CommandsCheck, compiles: Collection[Compile]) -> Iterator[str]:
    """Each thing that not every compile was told, with the files that were not."""
    looked_at = [
        item
        for item in compiles
        if item.language in check.languages
        and _among(item.near, check.sources)
        and not _among(item.near, check.without)
    ]
    if not looked_at:
        meant = f"{' or '.join(check.languages)} in {' or '.join(check.sources)}"
        yield f"not one source was compiled of {meant}"
    for wanted in check.every:
        choice = wanted.split("|")
        without = [
            (item.near, said)
            for item in looked_at
            if (said := _lacks(choice, list(options(item.argv)))) is not None
        ]
        yield from _complaint(wanted, without, len(looked_at))
    for wanted in check.flags.split():
        without = [
            (item.near, said)
            for item in looked_at
            if (said := _differs(wanted, check, item)) is not None
        ]
        yield from _complaint(wanted, without, len(looked_at))


def _complaint(wanted: str, without: Sequence[tuple[str, str]], count: int) -> Iterator[str]:
    if without:
        named = [f"{source} ({said})" for source, said in without[:_SHOWN]]
        if len(without) > _SHOWN:
            named.append(f"and {len(without) - _SHOWN} more")
        yield f"{len(without)} of {count} files were compiled without {wanted}: {', '.join(named)}"


def _lacks(choice: Sequence[str], given: Sequence[str]) -> str | None:
    """What is said instead of any of these options; None where one of them stands."""
    standing = {_family(word): word for word in given}  # the last of each family
    for pattern in choice:
        family = _family(pattern)
        candidates = [standing[family]] if family in standing else ()
        words = candidates if family in _LAST_COUNTS else given
        if any(fnmatchcase(word, pattern) for word in words):
            return None
    family = _family(choice[0])
    return standing.get(family) or f"no {family.rstrip('=') if family in _LAST_COUNTS else family}"


def _differs(wanted: str, check: CommandsCheck, item: Compile) -> str | None:
    """What a command says instead of a flag of the target; None where it is in force.

    Which processor a command is for, -march says, whatever -mcpu stands before or behind it.
    """
    given = list(options(item.argv))
    if wanted.startswith(_PROCESSOR):
        meant = _processor(check.flags.split())
        said = _processor(given)
        if said == meant or (said and _among(item.near, check.own)):
            return None
        return said or "no -march"
    return _lacks([wanted], given)


def _processor(words: Sequence[str]) -> str:
    for family in _PROCESSOR:
        if found := [word for word in words if word.startswith(family)]:
            return found[-1]
    return ""


def _family(option: str) -> str:
    return next((start for start in _LAST_COUNTS if option.startswith(start)), option)


def _among(source: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(source, pattern) for pattern in patterns)


def cache_faults(check: CMakeCheck, caches: Collection[Cache]) -> Iterator[str]:
    """Each variable that is not what it has to be, in every cache that is meant."""
    meant = list(_meant(check.path, caches))
    if not meant:
        yield f"the build left no {check.path or 'CMakeCache.txt'}"
    for cache in meant:
        for key, wanted in check.cache.items():
            name, _, kind = key.partition(":")
            text = ("ON" if wanted else "OFF") if isinstance(wanted, bool) else wanted
            found = cache.settings.get(name)
            if found is None:
                yield f"{name} is not set, and should be {text} ({cache.near})"
            elif not _agrees(found.value, text):
                yield f"{name} is '{found.value}', not {text} ({cache.near})"
            elif kind not in {"", found.kind}:
                dropped = ": what it depends on does not hold" if found.kind == "INTERNAL" else ""
                yield f"{name} is {found.kind}, not {kind} ({cache.near}){dropped}"


def _meant(path: str, caches: Collection[Cache]) -> Iterator[Cache]:
    """The caches that match, else the outermost: projects within a project have their own."""
    depth = min((cache.path.count("/") for cache in caches), default=0)
    for cache in caches:
        if fnmatchcase(cache.near, path) if path else cache.path.count("/") == depth:
            yield cache


def _agrees(value: str, wanted: str) -> bool:
    """CMake's words for yes and no are one each; other values are compared with a pattern."""
    for words in (_TRUE, _FALSE):
        if wanted.upper() in words:
            return value.upper() in words or (words is _FALSE and value.endswith("-NOTFOUND"))
    return fnmatchcase(value, wanted)
