"""How long planning takes over ten thousand recipes: `python benchmarks/plan_10k.py [COUNT]`.

Writes COUNT generated recipes to a temporary folder. Each depends on one to three of the first
eighth of those before it, which gives stacks a few layers deep; the last one depends on all that
no other one needs, so that the plan holds every recipe. Prints the whole command as a user runs it
(`wheelforge plan NAME --recipes DIR --json`, the median of five), the same for one recipe (what
starting Python takes), and the stages within one process.
"""

from __future__ import annotations

import gc
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from wheelforge import catalog, digest, probe
from wheelforge.graph import BuildStep
from wheelforge.pipeline import Home, situation
from wheelforge.pipeline.prepare import _View as View
from wheelforge.plan import Setting, plan
from wheelforge.resolve import Request, resolve

T = TypeVar("T")

LIBRARY = """\
name     = "{name}"
kind     = "library"
summary  = "Generated library number {number}"
license  = "Apache-2.0"
versions = ["{version}", "1.0"]

[source]
type = "archive"
url = "https://sources.example/{name}/{{version}}.tar.gz"

[source.sha256]
"{version}" = "{digest}"
"1.0" = "{digest}"

[depends]
{depends}

[build]
{build}

[build.env]
{variable}_VERSION = "{{version}}"

[exports.env]
{variable}_ROOT = "{{prefix}}"
"""
CMAKE = """\
backend = "cmake"

[build.options]
CMAKE_BUILD_TYPE = "Release"
BUILD_SHARED_LIBS = true
"""
WHEN = """
[build.options.when."target sve"]
WITH_SVE = true
"""
SCRIPT = """\
backend = "script"
commands = [["sh", "configure", "--prefix={prefix}"], ["make", "-j{jobs}"]]
"""


def generate(folder: Path, count: int) -> str:
    """Write `count` recipes; the name of the one that needs all others."""
    choice = random.Random(1)  # noqa: S311 - a graph, the same each time
    unused = set(range(count - 1))
    for number in range(count):
        if number == count - 1:
            depends = sorted(unused)
        else:
            few = range(choice.randint(1, 3))
            depends = sorted({choice.randrange(number // 8 + 1) for _ in few} - {number})
        unused -= set(depends)
        name = f"lib{number}"
        text = LIBRARY.format(
            name=name,
            number=number,
            variable=name.upper(),
            version=f"1.{number % 7 + 1}",
            digest=digest.of_bytes(name.encode()),
            depends="\n".join(f'lib{other} = ">=1.0,<2"' for other in depends),
            build=(SCRIPT, CMAKE, SCRIPT, CMAKE + WHEN)[number % 4],
        )
        (folder / f"{name}.toml").write_text(text)
    return f"lib{count - 1}"


def timed(label: str, work: Callable[[], T]) -> T:
    """Do `work` and print its seconds."""
    started = time.perf_counter()
    result = work()
    print(f"  {label:<28} {time.perf_counter() - started:6.2f} s")
    return result


def stages(folder: Path, name: str) -> None:
    """The same work within this process, stage by stage; as in make_plan nothing is collected."""
    gc.disable()
    home = Home.open()
    target = catalog.load_target("native")
    compilers = probe.compilers(catalog.load_toolchain("native"), home.memo)
    python = probe.interpreter("", home.memo)
    library = catalog.open_catalog([folder])
    timed("read recipes", lambda: [library.document(item) for item in library.files])
    conditions = situation(target, compilers.words, python)
    request = Request(requirements=[name], conditions=conditions)
    resolution = timed("resolve", lambda: resolve(request, library, digest.of_tree))
    setting = Setting(
        target=target, flags=probe.flags(target, compilers), compilers=compilers, python=python
    )
    made = timed("plan", lambda: plan(resolution, setting, View(home)))
    data = timed("encode", lambda: msgspec.json.encode(made))
    below = [len(step.libraries) for step in made.steps if isinstance(step, BuildStep)]
    print(
        f"  {len(made.steps)} steps; libraries below a recipe: {statistics.mean(below):.1f} on "
        f"average; {len(data) / 1e6:.0f} MB of JSON"
    )


def command(arguments: list[str]) -> float:
    """Seconds of one `wheelforge` command."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "wheelforge", *arguments], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - started


def main() -> None:
    """Generate, run, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["WHEELFORGE_HOME"] = str(Path(temporary, "home"))
        folder = Path(temporary, "recipes")
        folder.mkdir()
        name = generate(folder, count)
        command(["plan", "miniblas", "--json"])  # compilers are asked for their versions once
        small = statistics.median(command(["plan", "miniblas", "--json"]) for _ in range(3))
        words = ["plan", name, "--recipes", str(folder), "--json"]
        whole = [command(words) for _ in range(5)]
        print(
            f"{count} recipes: wheelforge plan --json takes {statistics.median(whole):.2f} s "
            f"({min(whole):.2f} at best)"
        )
        print(f"  (one recipe: {small:.2f} s)")
        stages(folder, name)


if __name__ == "__main__":
    main()
