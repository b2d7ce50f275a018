"""Sessions: quickstart, tests, slow, fuzz, lint, bench, real_stack.

`python3 noxfile.py -s NAME [-- ARGUMENTS]` runs one.

Needs Python 3.11 or newer and a C/C++ compiler. Where nox is not installed it goes into an
environment of its own below .nox/; the system's Python is never written to.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - what python3 is on an older login node
    sys.exit("error: wheelforge needs Python 3.11 or newer; try: python3.11 " + " ".join(sys.argv))
import tomllib

ROOT = Path(__file__).resolve().parent


def _groups() -> dict[str, list[str]]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    groups: dict[str, list[str]] = tomllib.loads(text)["dependency-groups"]
    return groups


def _start() -> None:
    """Hand over to nox: the installed one if it is new enough, else one of our own."""
    (wanted,) = (item for item in _groups()["lint"] if item.startswith("nox"))
    python = sys.executable if _suits(wanted) else str(_own_environment(wanted))
    os.execv(python, [python, "-m", "nox", "--noxfile", __file__, *sys.argv[1:]])  # noqa: S606


def _suits(wanted: str) -> bool:
    if importlib.util.find_spec("nox") is None:
        return False
    from importlib.metadata import version

    from packaging.requirements import Requirement

    return Requirement(wanted).specifier.contains(version("nox"))


def _own_environment(wanted: str) -> Path:
    """The Python of an environment that has nox; made once for each version of Python."""
    folder = ROOT / ".nox" / "own-{}.{}".format(*sys.version_info)
    python = folder / "bin" / "python"
    made = folder / "made-for"  # written last: an installation that was interrupted is made anew
    if made.is_file() and made.read_text() == wanted and python.exists():
        return python
    print(f"no {wanted} here: installing it into {folder.relative_to(ROOT)}", flush=True)
    whole = importlib.util.find_spec("ensurepip") is not None
    if not whole and importlib.util.find_spec("pip") is None:
        sys.exit(
            f"error: {sys.executable} has neither ensurepip nor pip, so nothing can be installed\n"
            "  apt-get install python3-venv, or dnf install python3-pip; then the same again"
        )
    venv = [sys.executable, "-m", "venv", "--clear", str(folder)]
    pip = [str(python), "-m", "pip"]
    if not whole:
        venv.append("--without-pip")
        pip = [sys.executable, "-m", "pip", "--python", str(python)]
    try:
        subprocess.run(venv, check=True)
        subprocess.run([*pip, "install", "--quiet", wanted], check=True)
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: this failed, its message stands above:\n  {shlex.join(error.cmd)}")
    made.write_text(wanted)
    return python


if __name__ == "__main__":
    _start()

import nox  # noqa: E402 - nox itself loads this file from here on

# virtualenv brings a pip of its own, so that Debian's missing ensurepip does not matter; and pip,
# unlike uv, reads the machine's pip configuration: its index, certificates and proxies.
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
# reused only by the Python they were made for: a wheelhouse serves one Python, and so does its user
nox.options.envdir = str(ROOT / ".nox" / "{}.{}".format(*sys.version_info))
nox.options.sessions = ["lint", "tests"]

TRY_IT = """
import minitorch
a = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
print("minitorch", minitorch.__version__, "of", minitorch.__path__[0])
print("matmul:", minitorch.matmul(a, a).tolist())
print(minitorch.__config__.show())
"""


@nox.session
def quickstart(session: nox.Session) -> None:
    """Build the mini stack into wheelhouse/, or the folder named after --; install and use it."""
    house = Path(*session.posargs[:1] or ["wheelhouse"])
    build = ("wheelforge", "build", "minitorch", "--wheelhouse", house)
    session.install("--editable", ".")
    session.log("1. build the mini stack from source")
    session.run(*build)
    session.log("2. what there is now, and a page about the run")
    _show(house)
    session.run("wheelforge", "report")
    session.log("3. install the lock from the index into a new environment, and use it")
    python = _install_locked(session, house)
    session.run(python, "-c", TRY_IT, external=True)
    session.log("4. the same build again")
    started = time.monotonic()
    session.run(*build)
    session.log(f"the second build took {time.monotonic() - started:.2f} s")


@nox.session
def tests(session: nox.Session) -> None:
    """Unit and e2e tests, without the slow ones, against the wheel that pip builds and installs."""
    _install_with_tests(session)
    session.run("pytest", "-n", "auto", "-m", "not slow", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Builds of real sources: minutes, and the registries. `-- -m slow`: the longest ones, too."""
    _install_with_tests(session)
    session.run("pytest", "-m", "slow and not long", "--durations=15", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Ten minutes with each reader of foreign data; `-- TARGET … --minutes 1 --parallel --keep`."""
    session.install("--editable", ".", *_groups()["test"], *_groups()["fuzz"])
    session.run("python", "tests/fuzz/run.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, floors, and every recipe."""
    session.install("--editable", ".", *_groups()["lint"])
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")
    session.run("wheelforge", "recipe", "lint")


STACK_SYSROOT = "trixie-arm64-torch"
STACK = ("torch==2.6.0", "--overlay", "debian", "--target", "a64fx",
         "--toolchain", "aarch64-cross", "--sysroot", STACK_SYSROOT)  # fmt: skip


@nox.session
def real_stack(session: nox.Session) -> None:
    """PyTorch with torchvision and torchaudio for A64FX, cross-built: hours. See docs/cross.md.

    Into wheelhouse-torch/, or the folder after --. What was interrupted goes on when it is called
    again; ccache is used where there is one, so that not even a lost work folder costs it all.
    """
    house = Path(*session.posargs[:1] or ["wheelhouse-torch"])
    build = ["wheelforge", "build", *STACK, "--wheelhouse", str(house)]
    if shutil.which("ccache"):
        build.append("--ccache")
    session.install(".")
    session.run("wheelforge", "sysroot", "create", STACK_SYSROOT)
    session.log("1. build, repair, check, lock, index, verify")
    session.run(*build)
    _show(house)
    session.run("wheelforge", "report")
    session.log("2. the reference build's programs, from the lock, on the emulated processor")
    session.run("python", "benchmarks/reference_programs.py", house)
    session.log("3. the same build again")
    started = time.monotonic()
    session.run(*build)
    session.log(f"the second build took {time.monotonic() - started:.2f} s")


# In the order they run; the other files of benchmarks/ are modules these share.
BENCHMARKS = {
    "startup": "ten seconds",
    "isa": "ten seconds; libraries named after -- are measured too",
    "plan_10k": "half a minute",
    "two_heavy": "three minutes",
    "resume": "four minutes; compares with ccache where there is one",
    "overhead": "ten minutes; takes OpenBLAS's sources from Debian's archive, and gfortran",
    "memory": "25 minutes; makes memory cgroups, which takes root",
    "kills": "half an hour",
    "reproducible": "one minute; numpy==2.2.3 --overlay debian after -- takes twenty",
    "emulated": "ten minutes; sources as overhead's, and what docs/cross.md installs",
}


@nox.session
def bench(session: nox.Session) -> None:
    """What README's figures come from: all of BENCHMARKS, or the one named after --."""
    name, *more = session.posargs or [""]
    if name and name not in BENCHMARKS:
        session.error(f"there is no benchmark '{name}'; known: {', '.join(BENCHMARKS)}")
    session.install(".")
    for benchmark in [name] if name else BENCHMARKS:
        session.log(f"{benchmark}: about {BENCHMARKS[benchmark]} on two cores")
        if benchmark in {"overhead", "emulated"}:
            session.run("wheelforge", "fetch", "openblas", "--overlay", "debian")
        session.run("python", f"benchmarks/{benchmark}.py", *more)


def _install_with_tests(session: nox.Session) -> None:
    session.install(".", *_groups()["test"])


def _show(house: Path) -> None:
    """Every file of a wheelhouse with its size, and the text of the lock and the package list."""
    for path in sorted(house.rglob("*")):
        if path.is_file():
            print(f"{path.stat().st_size:>9,} bytes  {path}")
    for name in ("requirements.lock", "packages.txt"):
        print(f"\n{name}:\n{(house / name).read_text()}", flush=True)


def _install_locked(session: nox.Session, house: Path) -> str:
    """A new environment that holds what the wheelhouse's lock names; its Python."""
    folder = Path(session.create_tmp()) / "user"
    python = str(folder / "bin" / "python")
    session.run(sys.executable, "-m", "virtualenv", "--quiet", "--clear", folder, external=True)
    pip = (python, "-m", "pip", "install", "--no-cache-dir", "--require-hashes")
    index = ("--index-url", f"{house.absolute().as_uri()}/simple/")
    session.run(*pip, *index, "-r", house / "requirements.lock", external=True)
    return python
