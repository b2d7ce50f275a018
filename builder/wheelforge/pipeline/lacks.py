"""What this machine lacks for a plan, found before the plan starts and not after an hour of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from wheelforge import catalog
from wheelforge.errors import InputError
from wheelforge.graph import Lack, Plan
from wheelforge.interpreter import Interpreter
from wheelforge.pin import Pin, Resolution
from wheelforge.plan import Where
from wheelforge.probe import Sighting
from wheelforge.recipe import External, Probe
from wheelforge.recipe.conditions import matches, specifying
from wheelforge.sysroot import Sysroot
from wheelforge.template import expand


def lacking(
    plan: Plan,
    resolution: Resolution,
    where: Where,
    look: Callable[[Probe], Sighting],
    sysroot: Sysroot | None = None,
) -> tuple[Lack, ...]:
    """What is missing for those of the plan's packages that are to be built."""
    due = {step.name for step in plan.todo if step.id.startswith("build:")}
    pins = [pin for pin in resolution.pins if pin.name in due]
    return (
        *_externals(pins, where, look),
        *_headers(pins, plan.python),
        *(_packages(pins, where, sysroot) if sysroot and sysroot.packages else ()),
    )


def refuse(plan: Plan) -> None:
    """Refuse a plan for which something is missing that its builds need."""
    lacks = [lack for lack in plan.lacks if lack.needed == "build"]
    for first in lacks[:1]:
        others = [f"{lack.where}: {lack.what}\n  {lack.remedy}" for lack in lacks[1:]]
        remedy = "\n".join([first.remedy, *others])
        raise InputError(first.what, where=first.where, remedy=remedy)


def _externals(
    pins: Collection[Pin], where: Where, look: Callable[[Probe], Sighting]
) -> Iterator[Lack]:
    for pin in pins:
        for number, item in enumerate(pin.recipe.external):

            def place(*key: str | int, pin: Pin = pin, number: int = number) -> str:
                return where(pin.name, "external", number, *key)

            wanted = item.wanted(pin.version)
            if wanted is None:
                raise InputError(
                    f"nothing is said of the {item.name} that {pin.name} {pin.version} needs",
                    where=place("version"),
                    remedy=f'add "{pin.version}" = "VERSION"',
                )
            seen = look(item.probe)
            if not seen.version or not matches(seen.version, specifying(wanted)):
                yield _missing(item, pin, wanted, seen, place)


def _missing(
    item: External, pin: Pin, wanted: str, seen: Sighting, place: Callable[..., str]
) -> Lack:
    found = f"and this is {seen.version}" if seen.version else "and it is not here"
    verb = "needs" if item.needed == "build" else "needs, where it runs,"
    ask = expand(item.ask, {"external.version": wanted}, lambda: place("ask"), paths=())
    looked = [f"looked at {text}" for text in seen.looked_at]
    return Lack(
        what=f"{pin.name} {pin.version} {verb} {item.name} {wanted}, {found}",
        where=place(),
        remedy="\n  ".join([ask.strip(), *looked]),
        needed=item.needed,
    )


def _packages(pins: Collection[Pin], where: Where, sysroot: Sysroot) -> Iterator[Lack]:
    """Packages of the sysroot; what is in a folder that was found is not known by name."""
    there = {package.name for package in sysroot.packages}
    wanted = {name for pin in pins for name in pin.recipe.sysroot.packages}
    for pin in pins:
        if absent := sorted({*pin.recipe.sysroot.packages} - there):
            yield Lack(
                what=f"{pin.name} needs {', '.join(absent)} in the sysroot, and {sysroot.name} is "
                "without",
                where=where(pin.name, "sysroot", "packages"),
                remedy=_better(wanted, sysroot),
            )


def _better(wanted: Collection[str], sysroot: Sysroot) -> str:
    """How to come by a sysroot with these packages: a shipped one, or one to be written."""
    known = map(catalog.load_sysroot, catalog.sysroots())
    for item in known:
        if item.machine == sysroot.machine and {*wanted} <= {*item.packages}:
            return f"wheelforge sysroot create {item.name}, and give --sysroot {item.name}"
    return (
        f'write a .toml file with extends = "{sysroot.name}" and packages = […], create it with '
        "wheelforge sysroot create FILE, and give --sysroot NAME"
    )


def _headers(pins: Collection[Pin], python: Interpreter) -> Iterator[Lack]:
    """Python.h, for wheels that are compiled."""
    compiled = [
        pin.name
        for pin in pins
        if pin.recipe.kind == "wheel" and pin.recipe.build and pin.recipe.build.languages
    ]
    if compiled and python.include and not Path(python.include, "Python.h").is_file():
        yield Lack(
            what=f"Python {python.series} is here without its headers, which it takes to compile "
            + ", ".join(compiled),
            where=f"{python.include}/Python.h",
            remedy="apt-get install python3-dev, or dnf install python3-devel; "
            "or choose another Python with --python",
        )
