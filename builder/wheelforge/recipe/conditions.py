"""The conditions of `when` tables: `version >=23.05`, `target sve`, `machine aarch64`, …

A condition is one or more clauses joined by ` and `. A clause is a subject and a test:

    version SPECIFIER    the version being built (PEP 440 specifier)
    python SPECIFIER     the Python the wheel is for
    target WORD          the target's name or one of its features; `!WORD` negates
    machine WORD         x86_64, aarch64 …
    toolchain WORD       the toolchain's name or compiler family
    with NAME            the dependency NAME takes part (`without NAME`: it does not)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from wheelforge.errors import InputError, nearest

_LONGEST = 100  # characters of a version, which is part of a folder's name
_MANY_DIGITS = re.compile(r"[0-9]{100}")  # Python refuses to read numbers of thousands
_WORD = re.compile(r"!?[A-Za-z0-9._+-]+")
_VERSION = re.compile(r"[A-Za-z0-9.+!_-]+")
SUBJECTS = ("version", "python", "target", "machine", "toolchain", "with", "without")


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What is known when a recipe's conditions are decided."""

    version: str
    python: str = ""
    target: frozenset[str] = frozenset()
    machine: str = ""
    toolchain: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def hold(self, text: str) -> bool:
        """True when every clause of the condition is met; InputError when it is none."""
        return all(self._clause(*clause) for clause in parse(text))

    def _clause(self, subject: str, test: str) -> bool:
        match subject:
            case "version":
                return matches(self.version, test)
            case "python":
                return matches(self.python, test)
            case "with":
                return test not in self.without
            case "without":
                return test in self.without
            case _:
                return self._names(subject, test)

    def _names(self, subject: str, test: str) -> bool:
        known = {
            "target": self.target,
            "machine": frozenset({self.machine}),
            "toolchain": self.toolchain,
        }[subject]
        return (test[1:] not in known) if test.startswith("!") else (test in known)


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[tuple[str, str], ...]:
    """The clauses of a condition as (subject, test); InputError without a place."""
    clauses: list[tuple[str, str]] = []
    for clause in text.split(" and "):
        subject, _, test = clause.strip().partition(" ")
        test = test.strip()
        if subject not in SUBJECTS or not test:
            raise InputError(
                f"'{text}' is not a condition",
                remedy=f"write SUBJECT TEST; {nearest(subject, SUBJECTS)}",
            )
        if subject in {"version", "python"}:
            specifier(test)
        elif not _WORD.fullmatch(test):
            raise InputError(
                f"'{test}' is not a word that '{subject}' can be compared with",
                remedy=f'write "{subject} WORD", or "{subject} WORD and {subject} OTHER"',
            )
        clauses.append((subject, test))
    return tuple(clauses)


@lru_cache(maxsize=65536)
def specifier(text: str) -> SpecifierSet:
    """A PEP 440 specifier set; `*` and the empty string admit every version."""
    if text.strip() in {"", "*"}:
        return SpecifierSet("", prereleases=True)
    try:
        if _MANY_DIGITS.search(text):
            raise InvalidSpecifier(text)  # noqa: TRY301
        found = SpecifierSet(text, prereleases=True)
        if any(len(part.version) > _LONGEST for part in found):
            raise InvalidSpecifier(text)  # noqa: TRY301 - nor would ordered() take it
    except InvalidSpecifier as error:
        raise InputError(
            f"'{text}' is not a version specifier", remedy='write it as ">=1.2,<2"'
        ) from error
    return found


def specifying(text: str) -> str:
    """A specifier, also where a plain version was written: 5.1.RC2 means ==5.1.RC2."""
    return f"=={text}" if _VERSION.fullmatch(text) else text


@lru_cache(maxsize=65536)
def matches(version: str, spec: str) -> bool:
    """True when `version` satisfies `spec`; both were validated before."""
    return specifier(spec).contains(ordered(version))


@lru_cache(maxsize=65536)
def ordered(version: str) -> Version:
    """A version as PEP 440 orders it: 25.02 < 25.02.1 < 52.0. InputError without a place."""
    try:
        # PEP 440 lets spaces around it pass
        if len(version) > _LONGEST or not _VERSION.fullmatch(version):
            raise InvalidVersion(version)  # noqa: TRY301
        return Version(version)
    except InvalidVersion as error:
        raise InputError(
            f"'{version}' is not a version", remedy="versions follow PEP 440: 25.02.1, 2.5.0"
        ) from error
