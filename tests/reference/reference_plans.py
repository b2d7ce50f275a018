"""Plans of the reference job, from the shipped recipes and rows, on a machine made up for it.

The planning is the command line's own (`pipeline.make_plan`). Only what would be looked for on this
machine is fixed: compilers, the Python, the places and versions of programs, the network namespace.
So the plans, and the golden files made of them, are the same wherever the tests run.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from wheelforge import catalog, graft, pipeline, probe, programs, sandbox, shell
from wheelforge.errors import InputError
from wheelforge.graph import BuildStep, Plan
from wheelforge.interpreter import Interpreter
from wheelforge.probe import externals
from wheelforge.toolchain import Compilers

GOLDEN = Path(__file__).parent / "golden"
DOCS = Path(__file__).parents[2] / "docs"
REGENERATE = "REGENERATE_GOLDEN"

BACKENDS: Mapping[str, Mapping[str, str]] = {
    "oneDNN with ACL": {},
    "oneDNN's reference kernels": {"acl": "off"},
    "OpenBLAS only": {"onednn": "off"},
}
_ROLES = {"cc": "gcc", "cxx": "g++", "fc": "gfortran", "ar": "gcc-ar", "ranlib": "gcc-ranlib"}
_open_catalog = catalog.open_catalog
_catalogs = cache(lambda overlays: _open_catalog((), overlays))  # read once, planned often


def compilers(gcc: str, machine: str) -> Compilers:
    """GCC of a version, for a machine."""
    paths = {role: f"/opt/gcc/bin/{name}" for role, name in _ROLES.items()}
    return Compilers(
        toolchain="native",
        family="gcc",
        version=gcc,
        machine=machine,
        libc="glibc 2.39",
        paths=paths,
        digests={role: f"{number:x}" * 64 for number, role in enumerate(paths, 1)},
    )


def interpreter(version: str, machine: str) -> Interpreter:
    """CPython of a version, for a machine."""
    major, minor, *_ = version.split(".")
    return Interpreter(
        path=f"/opt/python/bin/python{major}.{minor}",
        version=version,
        tag=f"cp{major}{minor}",
        soabi=f"cpython-{major}{minor}-{machine}-linux-gnu",
        platform=f"linux_{machine}",
    )


@contextmanager
def _machine(gcc: str, python: str, machine: str) -> Iterator[None]:
    known = {name: compilers(gcc, machine) for name in ("native", "gcc")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probe, "compilers", lambda toolchain, _memo: known[toolchain.name])
        patch.setattr(probe, "interpreter", lambda _wanted, _memo: interpreter(python, machine))
        patch.setattr(probe, "external", lambda _probe: externals.Sighting("", ()))
        patch.setattr(programs, "locate", lambda name: Path("/opt/wheelforge/bin", name))
        patch.setattr(programs, "version", lambda _name: "1.0")
        prefix = ("unshare", "--net", "--")
        patch.setattr(sandbox, "offline_prefix", lambda: prefix)
        patch.setattr(shell, "offline_prefix", lambda: prefix)
        patch.setattr(catalog, "open_catalog", lambda _folders, names: _catalogs(tuple(names)))
        yield


def plan_of(
    *requirements: str,
    target: str = "a64fx",
    python: str = "3.12.4",
    machine: str = "aarch64",
    gcc: str = "14.2.0",
    only: bool = False,
    untested: bool = False,
    overlays: tuple[str, ...] = (),
    pins: Mapping[str, str] | None = None,
    **more: str,
) -> Plan:
    """What `wheelforge plan REQUIREMENTS --acl … --target …` plans; `more` are pins as well."""
    options = pipeline.Options(
        requirements=requirements,
        target=target,
        overlays=overlays,
        only=only,
        untested=untested,
        pins={**(pins or {}), **more},
    )
    with _machine(gcc, python, machine):
        return pipeline.make_plan(options, pipeline.Home.open())


def refused(*requirements: str, **options: object) -> InputError | None:
    """Why a plan is refused; None where it is not."""
    try:
        plan_of(*requirements, **options)  # type: ignore[arg-type]
    except InputError as error:
        return error
    return None


def script_of(plan: Plan) -> str:
    """`--shell` of a plan, with the checkout's own place and the text of graft.py left out."""
    program = shlex.quote(Path(graft.__file__).read_text(encoding="utf-8"))
    with _machine("14.2.0", "3.12.4", "aarch64"):
        text = shell.script(plan).replace(str(catalog.shipped()), "/opt/wheelforge/share")
    return text.replace(program, "'(graft.py)'")


def versions(plan: Plan) -> dict[str, str]:
    """The versions of everything in a plan, nested sources included."""
    found: dict[str, str] = {}
    for step in builds(plan):
        found[step.name] = step.version
        found |= {item.source.recipe: item.source.version for item in step.unpack}
    return found


def builds(plan: Plan) -> list[BuildStep]:
    """The build steps, in order."""
    return [step for step in plan.steps if isinstance(step, BuildStep)]


def build(plan: Plan, name: str) -> BuildStep:
    """One build step."""
    (step,) = (step for step in builds(plan) if step.name == name)
    return step


def assert_golden(name: str, text: str) -> None:
    """The text is what tests/reference/golden/NAME holds; REGENERATE_GOLDEN=1 writes it instead."""
    path = GOLDEN / name
    if os.environ.get(REGENERATE):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, f"{REGENERATE}=1 pytest writes {name} anew"
