"""Recipes, with an overlay where the data has a second part: read, decided, linted, traced."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from guard import Harm, guarded
from mutation import lines_changed

from builders import CONDITIONS, recipe
from wheelforge import digest
from wheelforge.errors import ForgeError
from wheelforge.recipe import Document, Layer
from wheelforge.recipe.lint import faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_OVERLAY = b"\n#overlay\n"
_RECIPES = Path(__file__).parents[2] / "recipes"
_KNOWN = frozenset({"demo", "openblas", "acl", "numpy"})
_CONDITIONS = (
    b'when."version >=1.0"', b'when."target sve and python <3.12"', b'when."with acl"', b"when",
    b'when."machine aarch64"', b'when."!"', b'"version ==' + b"9" * 200 + b'"',
)  # fmt: skip
_VALUES = (
    b"0", b"-1", b"1e400", b"nan", b"-inf", b"true", b"false", b"''", b'"{version}"', b"[]", b"{}",
    b'"{dep.x}"', b"1979-05-27", b"07:32:00", b'["a", 1]', b"[[1], {a = 1}]", b'"../x"', b'"/"',
    b'"\\u0000"', b'"\\u202e"', b"9" * 5000, b"0x" + b"f" * 5000, b"'" + b"x" * 300 + b"'",
    b"[" * 99 + b"]" * 99, b"{a=" * 30 + b"1" + b"}" * 30, b'"1.0"', b'">=1,<2"', b"'*'", b"'=='",
    b"'1!1.0'", b"'>=1.0.dev0'", b"'~=1'", b"'===x'", b"'(a+)+$'", b"'**/**'", b'"""', b"'''",
    b"'x/" * 1 + b"y/" * 3000 + b"'", b"'~'", b"'.'", b"'NAME==1; python_version<\"3\"'",
)  # fmt: skip


def check(data: bytes) -> None:
    """Nothing but a ForgeError, and every fault that lint tells names a place."""
    recipe, mark, overlay = data.partition(_OVERLAY)
    files = {"r/demo.toml": recipe, "o/demo.toml": overlay} if mark else {"r/demo.toml": recipe}
    with guarded(files, "nowhere") as folder:
        layers = tuple(Layer.load(folder / name, name) for name in files)
        document = Document(str(layers[0].data.get("name")), layers)
        for text in faults(document, _KNOWN, digest.of_file, ("acl_arch",)):
            if ".toml" not in text:
                raise Harm(f"a fault that does not say where it is: {text}")
        for work in (document.evaluate, lambda item: list(document.origins(item))):
            _refusing(work)


def _refusing(work: object) -> None:
    try:
        work(CONDITIONS)  # type: ignore[operator]
    except ForgeError as error:
        if not error.what or not error.where:
            raise Harm(f"an error that does not say what, or where: {error}") from error


def seeds() -> Iterator[bytes]:
    """The shipped recipes, and a small one under an overlay."""
    for path in sorted(_RECIPES.rglob("*.toml")):
        if path.stat().st_size < 8_000:  # lint tries the conditions of larger ones for long
            yield path.read_bytes()
    small = recipe(body="[depends]\nacl = '>=1'\n[build.when.'version >=1.0']\nnetwork = true\n")
    yield small.encode()
    yield small.encode() + _OVERLAY + b'[source]\ntype = "path"\npath = "x"\n'


@cache
def _words() -> tuple[bytes, ...]:
    lines = {line for path in _RECIPES.rglob("*.toml") for line in path.read_bytes().split(b"\n")}
    words = {word for line in lines for word in re.findall(rb"[a-z_]{3,}|\"[^\"]*\"", line)}
    return (*_VALUES * 8, *_CONDITIONS * 20, *sorted(lines), *sorted(words))


def mutated(data: bytes, dice: Random) -> bytes:
    """Lines and values of other recipes, and values of other types, in this one's."""
    if dice.random() < 0.1:
        return data + _OVERLAY + dice.choice(_words()) + b"\n" + dice.choice(_words())
    if dice.random() < 0.3:  # another value for a key that is there
        lines = data.split(b"\n")
        at = dice.randrange(len(lines))
        key, equals, _ = lines[at].partition(b"=")
        lines[at] = key + equals + dice.choice(_VALUES) if equals else lines[at]
        return b"\n".join(lines)
    return lines_changed(data, dice, _words())
