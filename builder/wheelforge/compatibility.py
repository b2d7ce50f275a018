"""What goes with what, as rows of data: each says when it speaks and what must then hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from wheelforge.recipe.conditions import matches

WORDS = ("target", "machine")


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fact about a combination.

    `when` and `needs` map a subject to a test. Subjects are recipes, `python`, compiler families
    and `glibc` with a version specifier, `target` and `machine` with a word (`!` negates). The row
    is silent where a subject takes no part. Without `needs` the combination itself is at fault.
    `breaks` is refused always, `untested` unless the user allows it; `source` says who found out.
    """

    id: str
    when: dict[str, str]
    level: Literal["breaks", "untested"]
    why: str
    source: str
    needs: dict[str, str] = {}


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of rows."""

    row: tuple[Row, ...]


@dataclass(frozen=True)
class Facts:
    """A combination: versions by subject, the target's words, the machine."""

    versions: Mapping[str, str]
    target: frozenset[str]
    machine: str

    def holds(self, subject: str, test: str) -> bool | None:
        """Whether a test is met; None where the subject takes no part."""
        if subject in WORDS:
            known = self.target if subject == "target" else frozenset({self.machine})
            return (test[1:] not in known) if test.startswith("!") else test in known
        version = self.versions.get(subject)
        return None if version is None else matches(version, test)


def broken(rows: Iterable[Row], facts: Facts) -> Iterator[Row]:
    """The rows that a combination goes against."""
    for row in rows:
        if all(facts.holds(subject, test) for subject, test in row.when.items()):
            met = [facts.holds(subject, test) for subject, test in row.needs.items()]
            if not met or False in met:
                yield row
