"""Makes choices agree with the compatibility table: what is free moves, what is not is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from wheelforge.compatibility import WORDS, Facts, Row, broken
from wheelforge.errors import InputError
from wheelforge.recipe.conditions import ordered
from wheelforge.resolve.choice import Choices, Wish, choose
from wheelforge.resolve.request import Library, Request

_MOST_ROUNDS = 50


def agree(request: Request, library: Library) -> Choices:
    """Choose versions that no row speaks against.

    Where the user allows what was never tried, only what nothing free could mend passes: the rest
    stays as it is known to work. InputError names the row that refuses what the user fixed, why,
    who found out, and the nearest combination that works.
    """
    choices, against = _settle(request, library)
    if against is None:
        return choices
    facts = facts_of(choices, request)
    raise _refusal(_plainest(against, choices, facts, request), facts, request, library)


def facts_of(choices: Choices, request: Request) -> Facts:
    """The combination that was chosen."""
    chosen = {**choices.nested, **choices.packages}
    versions = {name: item.version for name, item in chosen.items()}
    known = request.conditions
    versions |= {"python": known.python, **request.compilers}
    outside = [item for package in choices.packages.values() for item in package.recipe.external]
    versions |= {
        item.name.lower(): version for item in outside if (version := request.external(item))
    }
    return Facts(versions, known.target, known.machine)


def _settle(request: Request, library: Library) -> tuple[Choices, Row | None]:
    """Choices that agree; or those that nothing known could mend, and the row against them."""
    wishes: tuple[tuple[str, Wish], ...] = ()
    allowed: set[str] = set()
    choices = choose(request, library)
    stuck: tuple[Choices, Row] | None = None
    for _ in range(_MOST_ROUNDS):
        rows = [row for row in request.rows if row.id not in allowed]
        row = next(broken(rows, facts_of(choices, request)), None)
        if row is None:
            return choices, None
        refuses = row.level == "breaks" or not request.untested
        for name, wish, sure in _ways_out(row, choices):
            if (name, wish) in wishes:
                continue
            if refuses and not sure:
                stuck = stuck or (choices, row)
            try:
                choices = choose(request, library, (*wishes, (name, wish)))
            except InputError:
                continue
            wishes = (*wishes, (name, wish))
            break
        else:
            if refuses:
                return stuck or (choices, row)
            allowed.add(row.id)
    return stuck or (choices, row)


def _ways_out(row: Row, choices: Choices) -> Iterator[tuple[str, Wish, bool]]:
    """Wishes that would end a row's objection, and whether the row asks for that.

    What it needs comes first; after that, any other version of the rest is tried.
    """
    chosen = {**choices.nested, **choices.packages}
    why = f"{row.why} ({row.id})"
    for name, spec in row.needs.items():
        if name in chosen:
            yield name, Wish(spec, why), True
    for name in row.when:
        if name in chosen:
            yield name, Wish(f"!={chosen[name].version}", why), False


def _plainest(against: Row, choices: Choices, facts: Facts, request: Request) -> Row:
    """A row that speaks only of what the user fixed says most, where there is one."""
    free = {*choices.packages, *choices.nested} - {*choices.roots, *request.pins}
    rows = (row for row in broken(request.rows, facts) if row.level == against.level)
    return next((row for row in rows if free.isdisjoint({*row.when, *row.needs})), against)


def _refusal(row: Row, facts: Facts, request: Request, library: Library) -> InputError:
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
        for version in _near(request.pins[name], library.document(name).versions):
            if _works(replace(request, pins={**request.pins, name: version}), library):
                return f"nearest that works: --pin {name}={version}"
    outside = [
        f"{name} {spec}"
        for name, spec in row.needs.items()
        if name == "python" or name in request.compilers
    ]
    return f"it needs {', '.join(outside)}" if outside else ""


def _near(pinned: str, versions: Sequence[str]) -> list[str]:
    """The other versions, those released next to it first and newer ones before older ones."""
    line = sorted(versions, key=ordered)
    place = next((n for n, item in enumerate(line) if ordered(item) >= ordered(pinned)), len(line))
    rank = {item: (abs(n - place), -n) for n, item in enumerate(line)}
    return sorted((item for item in line if ordered(item) != ordered(pinned)), key=rank.__getitem__)


def _works(request: Request, library: Library) -> bool:
    try:
        return _settle(request, library)[1] is None
    except InputError:
        return False
