"""The lock in three forms: for pip (requirements.lock), for any installer (PEP 751), for people.

Nothing in them depends on the date or on where the wheelhouse is.
"""

from __future__ import annotations

import json
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from wheelforge import atomic, digest, wheel
from wheelforge.errors import InputError
from wheelforge.trial import locked_install
from wheelforge.wheel import PYLOCK, REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

PACKAGES = "packages.txt"


class _Locked(NamedTuple):
    name: str
    version: str
    project: str
    requires_python: str
    file: str
    size: int
    sha256: str


def write(
    wheelhouse: Path,
    wheels: Sequence[Path],
    *,
    requires_python: str,
    sha256: Callable[[Path], str] = digest.of_file,
) -> list[Path]:
    """Lock `wheels`, all in `wheelhouse`, and return the three files; unchanged ones stay as is.

    `requires_python` is the specifier of the Pythons they were chosen for. `sha256` gives a
    wheel's digest: `digest.Memo.of_file` spares reading unchanged wheels again. InputError when
    two versions of one project are among them.
    """
    locked = sorted(_locked(path, sha256) for path in wheels)
    packages = [(key, list(group)) for key, group in groupby(locked, lambda one: one[:2])]
    for (key, _), (after, _) in pairwise(packages):
        if key[0] == after[0]:
            raise InputError(
                f"a lock cannot hold both {key[0]} {key[1]} and {after[1]}",
                where=str(wheelhouse),
                remedy=f"pin one of them: {key[0]}=={after[1]}",
            )
    contents = {
        REQUIREMENTS: _requirements(packages, requires_python),
        PYLOCK: _pylock(packages, requires_python),
        PACKAGES: _table([group[0] for _, group in packages]),
    }
    for name, text in contents.items():
        atomic.write_if_changed(wheelhouse / name, text.encode())
    return [wheelhouse / name for name in contents]


def _locked(path: Path, sha256: Callable[[Path], str]) -> _Locked:
    facts = wheel.read(path)
    words = (facts.name, facts.version, facts.project, facts.requires_python)
    return _Locked(*words, path.name, path.stat().st_size, sha256(path))


def _requirements(packages: Iterable[tuple[Any, list[_Locked]]], requires_python: str) -> str:
    command = " ".join(["pip", *locked_install('"file://$PWD/simple/"', REQUIREMENTS)])
    lines = [
        "# Every wheel of one build and of what it depends on, for pip; written by wheelforge.",
        f"# Python {requires_python}. Install from within this folder, or give the index's URL:",
        f"#     {command}",
        "# Name one index only: with --extra-index-url pip takes whichever has the higher version,",
        "# and PEP 708, which would have prevented that, was rejected.",
    ]
    for (name, version), group in packages:
        lines.append(
            " ".join([f"{name}=={version}", *(f"--hash=sha256:{x.sha256}" for x in group)])
        )
    return "\n".join(lines) + "\n"


def _table(locked: Sequence[_Locked]) -> str:
    rows = [("Package", "Version"), *((one.project, one.version) for one in locked)]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    rows.insert(1, ("-" * first, "-" * second))
    return "".join(f"{name:{first}} {version}\n" for name, version in rows)


def _pylock(packages: Iterable[tuple[Any, list[_Locked]]], requires_python: str) -> str:
    import tomllib

    from packaging.pylock import Pylock, PylockValidationError

    document = {
        "lock-version": "1.0",
        **({"requires-python": requires_python} if requires_python else {}),
        "created-by": "wheelforge",
        "packages": [_package(group) for _, group in packages],
    }
    text = _toml(document)
    try:
        Pylock.from_dict(tomllib.loads(text))
    except (PylockValidationError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"these wheels cannot be locked: {error}", where=PYLOCK) from error
    return text


def _package(group: Sequence[_Locked]) -> dict[str, Any]:
    one = group[0]
    wanted = {"requires-python": one.requires_python} if _is_specifier(one.requires_python) else {}
    wheels = [{"path": x.file, "size": x.size, "hashes": {"sha256": x.sha256}} for x in group]
    return {"name": one.name, "version": one.version, **wanted, "wheels": wheels}


def _is_specifier(text: str) -> bool:
    """Whether a lock may repeat it: old wheels say `>=2.7.*`, which installers pass over."""
    from packaging.specifiers import SpecifierSet

    try:
        return bool(SpecifierSet(text))
    except ValueError:
        return False


def _toml(document: Mapping[str, Any]) -> str:
    lines = [
        f"{key} = {_toml_value(value)}" for key, value in document.items() if key != "packages"
    ]
    for package in document["packages"]:
        lines += ["", "[[packages]]"]
        lines += [f"{key} = {_toml_value(value)}" for key, value in package.items()]
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml_value(x)}" for key, x in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # a JSON string or number is one in TOML too
