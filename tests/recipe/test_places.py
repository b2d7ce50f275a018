"""Which line sets which key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelforge.recipe.places import Key, dotted, lines

TEXT = '''\
# a comment with [brackets] and key = value
name = "x"
notes = """
[not.a.table]
key = "inside"
"""
after."a b".'c.d' = 1
"quoted key" = true

[source]   # a table
type = "archive"
sha256 = { "1.0" = "a", "2.0" = "b" }
mirrors = [
  "one",   # with = in a comment
  "two",
]

[build.options.when."version >=2.0"]
x = [[1, 2],
     [3]]

[[checks]]
type = "file"

  [[checks]]
  type = 'elf'
  [checks.when."target sve"]
  path = """
  p"""
[a . b."c"]
z = 1
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("name",), 2),
        (("notes",), 3),
        (("after",), 7),
        (("after", "a b", "c.d"), 7),
        (("quoted key",), 8),
        (("source",), 10),
        (("source", "type"), 11),
        (("source", "sha256", "2.0"), 12),
        (("source", "mirrors"), 13),
        (("build",), 18),
        (("build", "options", "when", "version >=2.0"), 18),
        (("build", "options", "when", "version >=2.0", "x"), 19),
        (("checks", 0), 22),
        (("checks", 0, "type"), 23),
        (("checks", 1), 25),
        (("checks", 1, "type"), 26),
        (("checks", 1, "when", "target sve", "path"), 28),
        (("a", "b", "c"), 30),
        (("a", "b", "c", "z"), 31),
    ],
)
def test_lines(key: Key, line: int) -> None:
    assert lines(TEXT)[key] == line


def test_nothing_inside_strings_is_a_key() -> None:
    assert not {("not",), ("not", "a", "table"), ("key",)} & set(lines(TEXT))


def test_windows_line_ends_count_the_same() -> None:
    assert lines(TEXT.replace("\n", "\r\n")) == lines(TEXT)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ((), ""),
        (("a", "b-c_1"), "a.b-c_1"),
        (("checks", 0, "path"), "checks[0].path"),
        (("source", "sha256", "1.0"), 'source.sha256."1.0"'),
        (("when", "target sve", "x"), 'when."target sve".x'),
    ],
)
def test_dotted(key: Key, text: str) -> None:
    assert dotted(key) == text


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=8))
def test_each_statement_is_found_where_it_stands(statements: list[tuple[int, bool]]) -> None:
    """Statements of several lines, some in tables, between blank lines and comments."""
    text = ""
    table: Key = ()
    wanted: dict[Key, int] = {}
    for number, (extra, is_table) in enumerate(statements):
        text += "\n# k = 1\n" * (extra % 2)
        line = text.count("\n") + 1
        if is_table:
            table = (f"t{number}",)
            text += f"[t{number}]\n"
            wanted[table] = line
        else:
            wanted[(*table, f"k{number}")] = line
            text += f"k{number} = '''\n" + "x = 1\n" * extra + "'''\n"
    found = lines(text)
    assert {key: found[key] for key in wanted} == wanted
