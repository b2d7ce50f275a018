"""The shell script of a plan: sound bash, every step in it, nothing a recipe says can break out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from builders import SHA, TREE, planned, recipe
from elves import make_elf
from wheelforge.graph import BuildStep, Command, FetchStep, Plan
from wheelforge.shell import script

COMMIT = "a" * 40
SOURCES = {
    "archive": (
        (
            f'type = "archive"\nurl = "https://host.test/a.tgz"\nmirrors = ["https://two.test/a.tgz"]\n'
            f'sha256 = {{ "1.0" = "{SHA}" }}'
        ),
        ["https://host.test/a.tgz https://two.test/a.tgz", SHA],
    ),
    "git": (
        (
            f'type = "git"\nurl = "https://host.test/a.git"\ncommit = {{ "1.0" = "{COMMIT}" }}\n'
            "submodules = true"
        ),
        ["git clone https://host.test/a.git", COMMIT, "submodule update --init --recursive"],
    ),
    "git without commit": (
        'type = "git"\nurl = "https://host.test/a.git"',
        ["checkout --detach v1.0"],
    ),
    "pypi": (
        f'type = "pypi"\nproject = "Demo"\nsha256 = {{ "1.0" = "{SHA}" }}',
        ["pip download --no-deps --no-binary :all:", "Demo==1.0", SHA],
    ),
    "debian": (
        (
            f'type = "debian"\npackage = "demo-src"\nsuite = "trixie"\n'
            f'release = {{ "1.0" = "1.0-3" }}\nsha256 = {{ "1.0" = "{SHA}" }}'
        ),
        ["apt-get source --tar-only --download-only demo-src=1.0-3", "trixie"],
    ),
    "debian with its patches": (
        (
            f'type = "debian"\npackage = "demo-src"\nsuite = "trixie"\nrelease = {{}}\n'
            f'sha256 = {{ "1.0" = "{SHA}" }}\n'
            f'patches = {{ sha256 = {{ "1.0" = "{TREE}" }}, without = ["a b.patch"] }}'
        ),
        ["apt-get source --diff-only", TREE, "debian/patches/series", "'a b.patch'|"],
    ),
}


def _sound(text: str) -> None:
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_of_source_is_fetched_and_checked(kind: str) -> None:
    source, says = SOURCES[kind]
    text = script(planned({"demo": recipe(source=source)}))
    _sound(text)
    for part in says:
        assert part in text


def _with_command(plan: Plan, command: Command, env: dict[str, str]) -> str:
    (build,) = [step for step in plan.steps if isinstance(step, BuildStep)]
    changed = msgspec.structs.replace(build, commands=(command,), env=env, programs={}, unpack=())
    steps = tuple(changed if step is build else step for step in plan.steps
                  if not isinstance(step, FetchStep))  # fmt: skip
    return script(msgspec.structs.replace(plan, steps=steps))


@pytest.mark.parametrize(
    "hostile", ["$(touch owned)", "`touch owned`", "'; touch owned; '", '"; touch owned; "', "a\\"]
)
@pytest.mark.parametrize("place", ["", "@{src}/"])
def test_words_reach_the_program_as_they_are(tmp_path: Path, hostile: str, place: str) -> None:
    plan = planned({"demo": recipe(source='type = "path"\npath = "."')})
    argv = ("sh", "-c", 'printf "%s|%s" "$1" "$WORD" > "$2"', "sh", place + hostile, "@{work}/said")
    env = {"PATH": "/usr/bin:/bin", "WORD": place + hostile}
    text = _with_command(plan, Command(label="x", argv=argv, cwd="@{work}", offline=False), env)
    text = text.replace('"$stage$prefix"', '"$work"')  # something is installed
    _sound(text)
    done = subprocess.run(
        ["bash", "-c", text], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    work = tmp_path / "wheelforge-shell" / "steps" / "demo"
    expected = place.replace("@{src}", str(work / "src")) + hostile
    assert (work / "said").read_text() == f"{expected}|{expected}", done.stderr
    assert not list(tmp_path.rglob("owned"))


def test_cached_steps_are_in_the_script_too() -> None:
    plan = planned({"demo": recipe(head='depends = { base = "*" }'), "base": recipe("base")})
    states = {name: msgspec.structs.replace(state, verdict="cached")
              for name, state in plan.states.items()}  # fmt: skip
    text = script(msgspec.structs.replace(plan, states=states))
    for step in plan.steps:
        assert f"==> {step.id} " in text
    assert text.index("==> build:base") < text.index("==> build:demo")


@pytest.mark.parametrize(("granted", "used"), [("8", "2"), ("1", "1")])
def test_no_step_has_more_jobs_than_its_recipe_allows(
    tmp_path: Path, granted: str, used: str
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    say = 'commands = [["sh", "-c", "echo {jobs} > said"]]\n'
    build = '[build]\nbackend = "script"\nlanguages = []\n' + say
    body = '[install]\nkeep = ["said"]\n'
    source = f'type = "path"\npath = "{tree}"'
    few = body + "[resources]\nmax_jobs = 2\n"
    texts = {
        "demo": recipe(head='depends = { low = "*" }', body=body, build=build, source=source),
        "low": recipe("low", body=few, build=build, source=source),
    }
    root = tmp_path / "root"
    env = {"PATH": "/usr/bin:/bin", "JOBS": granted, "ROOT": str(root)}
    subprocess.run(["bash", "-c", script(planned(texts))], check=True, env=env, cwd=tmp_path)
    assert (root / "prefix" / "low-1.0" / "said").read_text().strip() == used
    assert (root / "prefix" / "demo-1.0" / "said").read_text().strip() == granted


def test_install_mapping_keeps_places_and_fails_when_nothing_matches(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "include" / "deep").mkdir(parents=True)
    (tree / "include" / "deep" / "a.h").write_text("a")
    (tree / "liba.so").write_text("so")
    body = '[install]\nkeep = ["include/**/*.h"]\nmove = { "*.so" = "lib" }\n'
    build = '[build]\nbackend = "script"\ncommands = [["true"]]\nlanguages = []\n'
    source = f'type = "path"\npath = "{tree}"'
    text = script(planned({"demo": recipe(body=body, build=build, source=source)}))
    subprocess.run(["bash", "-c", text], cwd=tmp_path, check=True, capture_output=True)
    prefix = tmp_path / "wheelforge-shell" / "prefix" / "demo-1.0"
    assert (prefix / "include" / "deep" / "a.h").read_text() == "a"
    assert (prefix / "lib" / "liba.so").read_text() == "so"
    (tree / "include" / "deep" / "a.h").unlink()
    failed = subprocess.run(
        ["bash", "-c", text], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert failed.returncode != 0
    assert "nothing matches include/**/*.h" in failed.stderr


def test_what_a_wheel_is_tried_with_is_fetched_and_not_what_was_built(tmp_path: Path) -> None:
    body = (
        '[trial]\nrequires = ["filelock==3.16.1"]\n'
        '[[checks]]\ntype = "python"\nname = "n"\ncode = "pass"\n'
    )
    text = script(planned({"my-demo": recipe("my-demo", body, kind="wheel")}))
    _sound(text)
    assert '--dest "$sources/my-demo-trial" filelock==3.16.1' in text
    assert '"${trial[@]}"' in text
    (filling,) = [line for line in text.splitlines() if line.startswith("trial=()")]
    (helper,) = [line for line in text.splitlines() if line.startswith("project()")]
    folder = tmp_path / "my-demo-trial"
    folder.mkdir()
    for name in ("My_Demo-9-py3-none-any.whl", "filelock-3.16.1-py3-none-any.whl"):
        (folder / name).touch()
    done = subprocess.run(
        ["bash", "-euc", f'{helper}\n{filling}\necho "${{trial[@]##*/}}"'],
        env={"sources": str(tmp_path), "wheel_repair_my_demo": "/x/my_demo-1.0-py3-none-any.whl"},
        text=True, capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout == "filelock-3.16.1-py3-none-any.whl\n"


@pytest.mark.parametrize(("alignment", "code"), [(0x1000, 1), (0x10000, 0), (0x200000, 0)])
def test_alignment_of_every_segment_is_looked_at(tmp_path: Path, alignment: int, code: int) -> None:
    check = "[[checks]]\ntype = 'elf'\npath = 'lib/*.so*'\nmin_alignment = 65536\n"
    text = script(planned({"demo": recipe(body=check, kind="wheel")}))
    _sound(text)
    assert 'python3 -m zipfile -e "$wheel_repair_demo" "$work/wheel"' in text
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/libx.so.1").write_bytes(make_elf(alignment=alignment))
    helper = text[text.index("aligned() {") :].partition("\n}\n")[0] + "\n}\n"
    loop = text[text.index('for file in "$work/wheel"') :].partition("\ndone\n")[0] + "\ndone\n"
    assert "  aligned " in loop
    argv = ["bash", "-euc", helper + loop.replace('"$work/wheel"', str(tmp_path))]
    assert subprocess.run(argv, check=False, capture_output=True).returncode == code
