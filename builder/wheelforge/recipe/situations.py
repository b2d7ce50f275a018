"""Situations in which a recipe's conditional tables hold, so that lint sees every one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from wheelforge.recipe.conditions import Conditions, matches, ordered, parse, specifier

_PYTHONS = tuple(f"3.{minor}.1" for minor in range(9, 16))


def situations(chains: Sequence[tuple[str, ...]], versions: Sequence[str]) -> Iterator[Conditions]:
    """Each version by itself, then one situation for every table and for every two together.

    A chain is a table's condition with those of the tables around it. Two tables that exclude
    each other have no situation in common; raises InputError where a condition is none.
    """
    told: set[Conditions] = set()
    for version in versions:
        yield Conditions(version=version, python=_PYTHONS[-1])
    for wanted in (*((chain,) for chain in chains), *combinations(chains, 2)):
        found = _meeting([text for chain in wanted for text in chain], versions)
        if found is not None and found not in told:
            told.add(found)
            yield found


def _meeting(texts: Iterable[str], versions: Sequence[str]) -> Conditions | None:
    """A situation in which all of these conditions hold, if there is one."""
    clauses = [clause for text in texts for clause in parse(text)]

    def tests(subject: str) -> list[str]:
        return [test for name, test in clauses if name == subject]

    def words(subject: str) -> frozenset[str]:
        return frozenset(test for test in tests(subject) if not test.startswith("!"))

    version = _satisfying(tests("version"), versions)
    python = _satisfying(tests("python"), _PYTHONS[::-1])
    machines = words("machine")
    if version is None or python is None or len(machines) > 1:
        return None
    found = Conditions(
        version=version,
        python=python,
        target=words("target"),
        machine=next(iter(machines), ""),
        toolchain=words("toolchain"),
        without=words("without"),
    )
    return found if all(found.hold(text) for text in texts) else None


def _satisfying(specs: Sequence[str], known: Sequence[str]) -> str | None:
    """The first known version that meets all, else one at or above those that the specs name."""
    named = [part.version.removesuffix(".*") for spec in specs for part in specifier(spec)]
    bases = [ordered(text).base_version for text in named if text]
    candidates = (*known, *named, *(f"{base}.1" for base in bases), "0")
    return next((v for v in candidates if all(matches(v, spec) for spec in specs)), None)
