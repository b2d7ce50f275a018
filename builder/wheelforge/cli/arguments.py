"""The options every planning verb shares, and what they mean."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar, get_type_hints

import typer

from wheelforge.errors import InputError
from wheelforge.pipeline import Options
from wheelforge.resolve import OFF
from wheelforge.resources import parse_bytes

T = TypeVar("T")

_BLAS = ("openblas", "none")
_REFERENCE = "reference"

Requirements: TypeAlias = Annotated[
    list[str], typer.Argument(help="what to build: a recipe's name, or name==version")
]
Target: TypeAlias = Annotated[
    str, typer.Option("--target", help="the processor (wheelforge target list), or a .toml file")
]
Toolchain: TypeAlias = Annotated[
    str, typer.Option("--toolchain", help="the compilers (toolchain list), or a .toml file")
]
Sysroot: TypeAlias = Annotated[
    str,
    typer.Option("--sysroot", help="the system to compile for: a name (sysroot list), or a path"),
]
Python: TypeAlias = Annotated[
    str, typer.Option("--python", help="the Python wheels are for: 3.12 or a path")
]
Pins: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--pin", help="NAME=VERSION fixes a dependency; NAME=off leaves it out"),
]
Acl: TypeAlias = Annotated[str, typer.Option("--acl", help="short for --pin acl=VERSION")]
Openblas: TypeAlias = Annotated[
    str, typer.Option("--openblas", help="short for --pin openblas=VERSION")
]
Onednn: TypeAlias = Annotated[
    str,
    typer.Option("--onednn", help="oneDNN's VERSION, or reference: without ACL's kernels, or off"),
]
Blas: TypeAlias = Annotated[
    str, typer.Option("--blas", help="what multiplies matrices: openblas, or none (torch's Eigen)")
]
Sources: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--source", help="NAME=PATH takes a recipe's source from a folder or archive"),
]
Overlays: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--overlay", help="recipes laid over the shipped ones: a name, or a folder"),
]
Recipes: TypeAlias = Annotated[
    list[Path] | None, typer.Option("--recipes", help="a folder with more recipes")
]
Only: TypeAlias = Annotated[bool, typer.Option("--only", help="without companion packages")]
Untested: TypeAlias = Annotated[
    bool,
    typer.Option("--allow-untested", help="let combinations pass that were never tried"),
]
Offline: TypeAlias = Annotated[bool, typer.Option("--offline", help="never use the network")]
Bundle: TypeAlias = Annotated[
    Path | None, typer.Option("--bundle", help="take sources from a file made by wheelforge fetch")
]
Wheelhouse: TypeAlias = Annotated[
    Path, typer.Option("--wheelhouse", help="where wheels, lock and index go")
]
Jobs: TypeAlias = Annotated[
    int, typer.Option("--jobs", "-j", min=0, help="compilers at once; 0: all processors")
]
Memory: TypeAlias = Annotated[
    str, typer.Option("--memory", help='what builds may use, as "24 GiB"; default: what is free')
]
Ccache: TypeAlias = Annotated[
    bool, typer.Option("--ccache", help="put ccache in front of the compilers")
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="machine-readable output")]


def options(
    requirements: Requirements,
    target: Target = "native",
    toolchain: Toolchain = "native",
    sysroot: Sysroot = "",
    python: Python = "",
    pin: Pins = None,
    acl: Acl = "",
    openblas: Openblas = "",
    onednn: Onednn = "",
    blas: Blas = "openblas",
    source: Sources = None,
    overlay: Overlays = None,
    recipes: Recipes = None,
    only: Only = False,
    allow_untested: Untested = False,
    offline: Offline = False,
) -> Options:
    """What was typed, with NAME=VALUE words taken apart; InputError where one is malformed."""
    short = _short({"acl": acl, "openblas": openblas, "onednn": onednn}, blas)
    sources = {name: Path(path) for name, path in pairs("--source", source).items()}
    for name, path in sources.items():
        if not path.exists():
            raise InputError(f"there is no {path}", where=f"--source {name}")
    return Options(
        requirements=requirements,
        target=target,
        toolchain=toolchain,
        sysroot=sysroot,
        python=python,
        pins=_together(pairs("--pin", pin), short),
        sources=sources,
        overlays=overlay or (),
        recipes=recipes or (),
        only=only,
        untested=allow_untested,
        offline=offline,
    )


def amount(memory: str) -> int:
    """What --memory says, in bytes; 0 where it was not given."""
    return parse_bytes(memory, "--memory") if memory else 0


def _short(versions: Mapping[str, str], blas: str) -> dict[str, tuple[str, str]]:
    """What the short options pin: the version (or off) of each package, and the option's words."""
    pins = {
        name: (version, f"--{name} {version}")
        for name, version in versions.items()
        if version and version != _REFERENCE
    }
    implied = {}
    if versions["onednn"] == _REFERENCE:
        implied["acl"] = (OFF, f"--onednn {_REFERENCE}")
    if blas not in _BLAS:
        raise InputError(
            f"'{blas}' is no BLAS that wheelforge builds with",
            where=f"--blas {blas}",
            remedy=f"known: {', '.join(_BLAS)}",
        )
    if blas == "none":
        implied["openblas"] = (OFF, "--blas none")
    for name, pin in implied.items():
        _agreed(name, pins.setdefault(name, pin), pin)
    return pins


def _together(pins: Mapping[str, str], short: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    for name in pins.keys() & short.keys():
        _agreed(name, short[name], (pins[name], f"--pin {name}={pins[name]}"))
    return {**pins, **{name: version for name, (version, _) in short.items()}}


def _agreed(name: str, one: tuple[str, str], other: tuple[str, str]) -> None:
    if one[0] != other[0]:
        raise InputError(
            f"{one[1]} and {other[1]} say different things of {name}",
            where=one[1],
            remedy="leave one of them out",
        )


def planning(verb: Callable[..., T], *, optional: bool = False) -> Callable[..., T]:
    """Give a verb the options that all planning verbs share; it gets them as its first argument.

    With `optional` it can be called without naming anything to build.
    """
    shared, own = inspect.signature(options), inspect.signature(verb)
    mine = list(own.parameters.values())[1:]
    first, *more = shared.parameters.values()
    first = first.replace(default=None) if optional else first

    def command(**given: Any) -> T:
        given[first.name] = given[first.name] or []
        rest = {item.name: given.pop(item.name) for item in mine}
        return verb(options(**given), **rest)

    hints = get_type_hints(options, include_extras=True) | get_type_hints(verb, include_extras=True)
    command.__name__, command.__doc__ = verb.__name__, verb.__doc__
    command.__annotations__ = hints
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            item.replace(annotation=hints[item.name], kind=inspect.Parameter.KEYWORD_ONLY)
            for item in (first, *more, *mine)
        ]
    )
    return command


def pairs(option: str, values: Sequence[str] | None) -> dict[str, str]:
    """NAME=VALUE words as a dictionary."""
    found: dict[str, str] = {}
    for text in values or ():
        name, equals, value = text.partition("=")
        if not name or not equals or not value:
            raise InputError(f"'{text}' is not NAME=VALUE", where=option)
        found[name] = value
    return found
