"""Requirements (PEP 508) as packaging reads them, and what it does not say of those it cannot."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.requirements import InvalidRequirement, Requirement

_LONGEST = 10_000  # characters: markers of thousands of clauses take packaging minutes


def parsed(text: str) -> Requirement:
    """A requirement; InvalidRequirement, whatever is wrong with it."""
    try:
        if len(text) > _LONGEST:
            raise InvalidRequirement(f"it is {len(text)} characters long")
        return Requirement(text)
    except (RecursionError, ValueError) as error:  # of brackets, and of numbers, without end
        raise InvalidRequirement(str(error)) from error


def applies(requirement: Requirement, environment: Mapping[str, str]) -> bool:
    """Whether its marker holds; InvalidRequirement where the marker means nothing."""
    try:
        return requirement.marker is None or requirement.marker.evaluate(dict(environment))
    except (LookupError, ValueError) as error:
        raise InvalidRequirement(str(error)) from error
