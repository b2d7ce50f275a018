"""A build that never waits for a round, against one that does: `rounds.py [--jobs 2 4]`.

Builds the same sdists with wheelforge and with fromager. Each has a PEP 517 backend in its own
tree that imports its build requirements, sleeps, and writes a wheel with the standard library
alone, so that nothing but the scheduling and each tool's own work is seen. Sleeping takes no
processor: J jobs are J slots, however many processors there are.

The bound is the larger of the critical path and all sleeps divided by the slots: no schedule can
be shorter. `schedule` is what the longest path first comes to with no work of a tool's own.
Wheelforge is timed from an empty home to a delivered wheelhouse: planning, building, repair,
checks, index. Of fromager only `build-parallel` is timed, on a graph that is written here and on
sdists that lie in its download folder: its resolution (`bootstrap`) is not counted. It is installed
by pip into an environment below --cache.

On a loaded machine every tool's own work takes several times as long: the load is printed.
"""

from __future__ import annotations

import argparse
import heapq
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VERSION = "0.77.0"
ORDINARY = 8.0

BACKEND = """\
import time, zipfile
{imports}
NAME, SECONDS = "{name}", {seconds}

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    time.sleep(SECONDS)
    info = NAME + "-1.0.dist-info"
    files = {{
        NAME + ".py": "seconds = %r\\n" % SECONDS,
        info + "/METADATA": "Metadata-Version: 2.1\\nName: %s\\nVersion: 1.0\\n" % NAME,
        info + "/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    files[info + "/RECORD"] = "".join(n + ",,\\n" for n in [*files, info + "/RECORD"])
    wheel = NAME + "-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel_directory + "/" + wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel
"""
PROJECT = """\
[build-system]
requires = {requires}
build-backend = "backend"
backend-path = ["."]

[project]
name = "{name}"
version = "1.0"
"""
RECIPE = """\
name = "{name}"
kind = "wheel"
summary = "sleeps"
license = "MIT"
versions = ["1.0"]
depends = {{ {depends} }}

[source]
type = "path"
path = "{sdist}"

[build]
backend = "pep517"
languages = []

[resources]
cpu_minutes = {minutes}
max_jobs = 1
memory_per_job = "0.1 GiB"
disk = "0.01 GiB"

[[checks]]
type = "python"
name = "was built by its own backend"
code = "import {name}; assert {name}.seconds == {seconds}"
"""


@dataclass(frozen=True)
class Package:
    """What a package needs to be built, and how long that takes."""

    seconds: float
    needs: tuple[str, ...] = ()


Graph = Mapping[str, Package]  # each stands after what it needs


def drawn(seed: int, count: int = 20) -> Graph:
    """A graph of `count` packages, each with up to three of the earlier ones below it."""
    choice = random.Random(seed)  # noqa: S311 - a graph, the same each time
    graph: dict[str, Package] = {}
    for number in range(count):
        needs = choice.sample(sorted(graph), min(len(graph), choice.randint(0, 3)))
        graph[f"p{number:02}"] = Package(round(choice.uniform(0.5, 4.0), 1), tuple(sorted(needs)))
    return graph


GRAPHS: Mapping[str, Graph] = {
    "1 (a, then b; c beside them)": {
        "a": Package(1.0),
        "b": Package(ORDINARY, ("a",)),
        "c": Package(ORDINARY),
    },
    "2 (20 at random, seed 2)": drawn(2),
    "3 (20 at random, seed 3)": drawn(3),
}


def remaining(graph: Graph) -> dict[str, float]:
    """The longest path from the start of each package to the end of all."""
    path = {name: package.seconds for name, package in graph.items()}
    for name in reversed(list(graph)):
        for need in graph[name].needs:
            path[need] = max(path[need], graph[need].seconds + path[name])
    return path


def schedule(graph: Graph, slots: int) -> float:
    """Seconds of a schedule without any work but the sleeps: the longest path first."""
    path, waiting = remaining(graph), dict(graph)
    ended: set[str] = set()
    running: list[tuple[float, str]] = []
    now = 0.0
    while waiting or running:
        ready = [name for name in waiting if ended.issuperset(waiting[name].needs)]
        for name in sorted(ready, key=lambda item: -path[item])[: slots - len(running)]:
            heapq.heappush(running, (now + waiting.pop(name).seconds, name))
        now, name = heapq.heappop(running)
        ended.add(name)
    return now


def sdists(graph: Graph, folder: Path) -> None:
    """Write an sdist of every package."""
    folder.mkdir(parents=True)
    for name, package in graph.items():
        imports = "".join(f"import {need}\n" for need in package.needs)
        project = PROJECT.format(name=name, requires=json.dumps(list(package.needs)))
        files = {
            "pyproject.toml": project,
            "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
            "backend.py": BACKEND.format(imports=imports, name=name, seconds=package.seconds),
        }
        with tarfile.open(folder / f"{name}-1.0.tar.gz", "w:gz") as archive:
            for path, text in files.items():
                item = tarfile.TarInfo(f"{name}-1.0/{path}")
                item.size = len(text)
                archive.addfile(item, io.BytesIO(text.encode()))


def timed(argv: list[str], folder: Path, env: Mapping[str, str]) -> float:
    """Seconds of a command; where it fails, what it said and the end of this."""
    started = time.perf_counter()
    done = subprocess.run(
        argv, cwd=folder, env=env, check=False, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(argv)}\n{done.stdout[-4000:]}\nended with code {done.returncode}")
    return seconds


def roots(graph: Graph) -> list[str]:
    """What no other package needs."""
    needed = {need for package in graph.values() for need in package.needs}
    return [name for name in graph if name not in needed]


def with_wheelforge(graph: Graph, folder: Path, jobs: int) -> tuple[float, str]:
    """Build with wheelforge in `folder`, which is new: seconds, and where they went."""
    sdists(graph, folder / "sdists")
    (folder / "recipes").mkdir()
    for name, package in graph.items():
        text = RECIPE.format(
            name=name,
            depends=", ".join(f'{need} = "*"' for need in package.needs),
            sdist=folder / f"sdists/{name}-1.0.tar.gz",
            seconds=package.seconds,
            minutes=round(package.seconds / 60, 4),  # a recipe's estimate, as all recipes have one
        )
        (folder / "recipes" / f"{name}.toml").write_text(text)
    argv = [sys.executable, "-m", "wheelforge", "build", *roots(graph), "--jobs", str(jobs)]
    argv += ["--no-verify", "--offline", "--recipes", "recipes", "--wheelhouse", "house"]
    started = time.time()
    seconds = timed(argv, folder, {**os.environ, "WHEELFORGE_HOME": str(folder / "home")})
    assert len(list((folder / "house").glob("*.whl"))) == len(graph)
    return seconds, spent(graph, folder / "home", started, started + seconds)


def spent(graph: Graph, home: Path, start: float, end: float) -> str:
    """Where a run's own time went, by its events: before, within and after the steps."""
    (events,) = home.glob("runs/*/events.jsonl")
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    first = min(line["at"] for line in lines if line["event"] == "run-started")
    last = max(line["at"] for line in lines if line["event"] == "run-finished")
    by_kind: dict[str, list[float]] = {}
    for line in lines:
        if line["event"] == "step-finished":
            kind, _, name = line["step"].partition(":")
            own = graph[name].seconds if kind == "build" else 0.0
            by_kind.setdefault(kind, []).append(line["seconds"] - own)
    steps = ", ".join(f"{kind} {sum(v) / len(v):.2f}" for kind, v in sorted(by_kind.items()))
    return (
        f"{first - start:.2f} s before the first step, {end - last:.2f} s after the last; "
        f"own seconds of a step on average: {steps}"
    )


def fromager(cache: Path) -> Path:
    """Its program, in an environment that is made when there is none yet."""
    place = cache / f"fromager-{VERSION}"
    program = place / "bin" / "fromager"
    if not program.is_file():
        venv.create(place, with_pip=True, clear=True)
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, f"fromager=={VERSION}"], check=True)
    return program


def with_fromager(graph: Graph, folder: Path, jobs: int, program: Path) -> float:
    """Build with fromager in `folder`, which is new: seconds of build-parallel."""
    sdists(graph, folder / "sdists-repo" / "downloads")
    edges = {
        "": [(name, "toplevel") for name in graph],
        **{name: [(need, "build-system") for need in graph[name].needs] for name in graph},
    }
    document = {
        f"{name}==1.0" if name else "": {
            "download_url": f"https://sdists.invalid/{name}-1.0.tar.gz" if name else "",
            "pre_built": False,
            "version": "1.0" if name else "0",
            "canonicalized_name": name,
            "edges": [
                {"key": f"{need}==1.0", "req_type": kind, "req": f"{need}==1.0"}
                for need, kind in below
            ],
        }
        for name, below in edges.items()
    }
    (folder / "graph.json").write_text(json.dumps(document))
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    argv = [str(program), *isolation(), "build-parallel", "--max-workers", str(jobs), "graph.json"]
    seconds = timed(argv, folder, {**os.environ, "PATH": path})
    assert len(list((folder / "wheels-repo" / "downloads").glob("*.whl"))) == len(graph)
    return seconds


def isolation() -> list[str]:
    """Without a network where that can be had, as wheelforge does it."""
    possible = shutil.which("ip") and shutil.which("unshare") and shutil.which("hostname")
    return [] if possible else ["--no-network-isolation"]


def compare(title: str, graph: Graph, jobs: int, program: Path | None, temporary: Path) -> None:
    """Build one graph with both; print."""
    folder = temporary / f"{title.split(maxsplit=1)[0]}-{jobs}"
    total = sum(package.seconds for package in graph.values())
    path = max(remaining(graph).values())
    bound = max(path, total / jobs)
    print(
        f"DAG {title}, {jobs} slots: critical path {path:.1f} s, work / slots {total / jobs:.1f} s,"
        f" bound {bound:.1f} s, schedule {schedule(graph, jobs):.1f} s; "
        f"load before {os.getloadavg()[0]:.1f} of {os.cpu_count()}"
    )
    seconds, where = with_wheelforge(graph, folder / "wheelforge", jobs)
    print(f"  wheelforge {seconds:6.2f} s  {seconds / bound:.3f} x bound", flush=True)
    print(f"    {where}", flush=True)
    if program is not None:
        seconds = with_fromager(graph, folder / "fromager", jobs, program)
        print(f"  fromager   {seconds:6.2f} s  {seconds / bound:.3f} x bound", flush=True)


def main() -> None:
    """Build, print."""
    known = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    known.add_argument("--cache", type=Path, default=default / "wheelforge-benchmarks")
    known.add_argument("--jobs", type=int, nargs="+", default=[2, 4])
    known.add_argument("--graphs", nargs="+", default=[title.split()[0] for title in GRAPHS])
    known.add_argument("--without-fromager", action="store_true")
    given, _ = known.parse_known_args()  # `nox -s bench -- COUNT` gives every file the same words
    program = None if given.without_fromager else fromager(given.cache.absolute())
    print("wheelforge build ROOTS --jobs J --no-verify --offline, with an empty WHEELFORGE_HOME")
    if program is not None:
        words = " ".join(["fromager", *isolation(), "build-parallel --max-workers J graph.json"])
        print(f"{words} ({VERSION}; its resolution is not counted)")
    for jobs in given.jobs:
        for title, graph in GRAPHS.items():
            if title.split()[0] in given.graphs:
                with tempfile.TemporaryDirectory() as temporary:
                    compare(title, graph, jobs, program, Path(temporary))


if __name__ == "__main__":
    main()
