"""Dependencies first."""

from __future__ import annotations

from wheelforge.errors import InputError
from wheelforge.resolve.choice import Choices
from wheelforge.resolve.request import Library


def in_order(choices: Choices, library: Library) -> list[str]:
    """The packages, each after what it depends on, otherwise as they were met.

    Iterative, as graphs may be deep. Raises InputError that names a cycle.
    """
    packages = choices.packages
    done: dict[str, None] = {}
    for root in packages:
        path = {root: iter(packages[root].depends)}
        while path:
            name, rest = next(reversed(path.items()))
            other = None if name in done else next(rest, None)
            if other is None:
                done[name] = None
                path.popitem()
            elif other in path:
                raise _circle([*list(path)[list(path).index(other) :], other], library)
            elif other not in done:
                path[other] = iter(packages[other].depends)
    return list(done)


def _circle(names: list[str], library: Library) -> InputError:
    return InputError(
        "these recipes depend on each other: " + " → ".join(names),
        where=library.document(names[-2]).where("depends", names[-1]),
        remedy="remove one of these dependencies",
    )
