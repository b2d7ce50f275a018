"""docs/audit.md has the rules as the code has them: REGENERATE_GOLDEN=1 writes them there."""

from __future__ import annotations

import os
from pathlib import Path

from wheelforge.audit.rules import RULES

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"
BEGIN, END = "<!-- rules -->\n", "<!-- end of rules -->"
HEAD = "| rule | level | what it finds | why it matters | mend |\n|---|---|---|---|---|\n"


def table() -> str:
    rows = (
        f"| `{rule.id}` | {rule.level} | {rule.text} | {rule.why} | {rule.mend} |\n"
        for rule in RULES.values()
    )
    return HEAD + "".join(rows)


def test_the_page_has_every_rule() -> None:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    told, _, after = rest.partition(END)
    if os.environ.get("REGENERATE_GOLDEN"):
        PAGE.write_text(f"{before}{BEGIN}{table()}{END}{after}")
        return
    assert told == table()
