"""Makes choices agree with the compatibility table: what is free moves, what is not is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wheelforge.compatibility import WORDS, Facts, Row, broken
from wheelforge.errors import InputError
from wheelforge.resolve.choice import Choices, Wish, choose
from wheelforge.resolve.request import Library, Request

_MOST_ROUNDS = 50


def agree(request: Request, library: Library) -> Choices:
    """Choose versions that no row speaks against.

    InputError names the row that refuses what the user fixed, why, who found out, and the nearest
    combination that works.
    """
    choices, against = _settle(request, library)
    if against is None:
        return choices
    raise _refusal(against, request, library, facts_of(choices, request))


def facts_of(choices: Choices, request: Request) -> Facts:
    """The combination that was chosen."""
    chosen = {**choices.nested, **choices.packages}
    versions = {name: item.version for name, item in chosen.items()}
    known = request.conditions
    versions |= {"python": known.python, **request.compilers}
    return Facts(versions, known.target, known.machine)


def _settle(request: Request, library: Library) -> tuple[Choices, Row | None]:
    """Choices, and the row that no free package can satisfy any more."""
    wishes: tuple[tuple[str, Wish], ...] = ()
    choices = choose(request, library, wishes)
    for _ in range(_MOST_ROUNDS):
        rows = [row for row in request.rows if row.level == "breaks" or not request.untested]
        row = next(broken(rows, facts_of(choices, request)), None)
        if row is None:
            return choices, None
        for more in _ways_out(row, choices):
            if more in wishes:
                continue
            try:
                choices = choose(request, library, (*wishes, more))
            except InputError:
                continue
            wishes = (*wishes, more)
            break
        else:
            return choices, row
    return choices, row


def _ways_out(row: Row, choices: Choices) -> Iterator[tuple[str, Wish]]:
    """Wishes that would end a row's objection: what it needs, else other versions of the rest."""
    chosen = {**choices.nested, **choices.packages}
    why = f"{row.why} ({row.id})"
    for name, spec in row.needs.items():
        if name in chosen:
            yield name, Wish(spec, why)
    for name in row.when:
        if name in chosen:
            yield name, Wish(f"!={chosen[name].version}", why)


def _refusal(row: Row, request: Request, library: Library, facts: Facts) -> InputError:
    told = [*row.when, *row.needs]
    combination = ", ".join(
        f"{name} {facts.versions[name]}" for name in dict.fromkeys(told) if name in facts.versions
    )
    words = [row.when[name] for name in WORDS if name in row.when]
    with_words = f" for {' '.join(words)}" if words else ""
    verb = "does not work" if row.level == "breaks" else "was never tried"
    remedy = f"known from: {row.source}"
    if proposal := _proposal(row, request, library):
        remedy = f"{proposal}\n  {remedy}"
    if row.level == "untested":
        remedy += "\n  --allow-untested takes the risk"
    return InputError(
        f"{combination}{with_words} {verb}: {row.why}",
        where=f"compatibility row {row.id}",
        remedy=remedy,
    )


def _proposal(row: Row, request: Request, library: Library) -> str:
    """The nearest combination that works: one pin moved, as little as possible."""
    for name in dict.fromkeys([*row.needs, *row.when]):
        if name not in request.pins:
            continue
        versions = library.document(name).versions
        pinned = request.pins[name]
        place = versions.index(pinned) if pinned in versions else 0
        for version in sorted(versions, key=lambda item: abs(versions.index(item) - place)):
            if version != pinned and _works(
                replace(request, pins={**request.pins, name: version}), library
            ):
                return f"nearest that works: --pin {name}={version}"
    outside = [
        f"{name} {spec}"
        for name, spec in row.needs.items()
        if name == "python" or name in request.compilers
    ]
    return f"it needs {', '.join(outside)}" if outside else ""


def _works(request: Request, library: Library) -> bool:
    try:
        return _settle(request, library)[1] is None
    except InputError:
        return False
