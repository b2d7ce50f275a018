"""The whole road on the mini stack: real libraries and wheels, and nothing done twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from command_line import Forge
from wheelforge import catalog, elf, programs
from wheelforge.sbom import NAME as SBOM
from wheelforge.wheel import parse_name

pytestmark = pytest.mark.e2e


def _own(forge: Forge, tmp_path: Path) -> Forge:
    """A copy of a built forge that a test may change."""
    shutil.copytree(forge.root, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Forge(tmp_path)


def _states(forge: Forge, *words: str) -> dict[str, str]:
    plan = json.loads(forge.good("plan", "minitorch", "--json", *words))
    return {name: state["verdict"] for name, state in plan["states"].items()}


def test_wheels_are_repaired_locked_and_indexed(built: Forge) -> None:
    names = {}
    for path in built.wheelhouse.glob("*.whl"):
        name, _, tags = parse_name(path.name)
        names[name] = path
        assert all("manylinux" in tag for tag in tags)
    assert sorted(names) == ["minitorch", "minivision"]
    inside = zipfile.ZipFile(names["minitorch"]).namelist()
    for library in ("libmini_compute.so", "libminiblas.so.0", "libgomp.so.1", "libminitorch.so"):
        assert f"minitorch/lib/{library}" in inside
    libraries = [name for names in (inside, zipfile.ZipFile(names["minivision"]).namelist())
                 for name in names if "lib/" in name or ".libs/" in name]  # fmt: skip
    assert all(name.startswith("minitorch/lib/") for name in libraries), libraries
    assert "minitorch==1.1.0 --hash=sha256:" in (built.wheelhouse / "requirements.lock").read_text()
    assert (built.wheelhouse / "simple" / "minitorch" / "index.html").is_file()
    assert (built.wheelhouse / f"{names['minitorch'].name}.metadata").is_file()


def test_pip_installs_the_lock_from_the_index(built: Forge, tmp_path: Path) -> None:
    uv = programs.locate("uv")
    venv = tmp_path / "venv"
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, venv], check=True)
    python = venv / "bin" / "python"
    argv = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-cache-dir"]
    argv += ["--require-hashes", "--index-url", f"{(built.wheelhouse / 'simple').as_uri()}/"]
    argv += ["-r", built.wheelhouse / "requirements.lock"]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    subprocess.run(argv, check=True, env={**clean, "PIP_CONFIG_FILE": os.devnull})
    code = "import minitorch as m; a = m.tensor([[2.0]]); print(m.matmul(a, a).tolist())"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[[4.0]]"


def test_second_build_runs_nothing(built: Forge, tmp_path: Path) -> None:
    forge = _own(built, tmp_path)
    # the store's paths are part of libraries: the copy has to be told the same home
    env = {"WHEELFORGE_HOME": str(built.home)}
    runs = sorted((built.home / "runs").iterdir())
    said = forge.good("build", "minitorch", env=env)
    assert "nothing to do: all cached" in said
    assert "nothing changed" in said
    assert sorted((built.home / "runs").iterdir()) == runs
    assert set(_states(built).values()) == {"cached"}


def test_one_flag_rebuilds_exactly_its_node_and_dependants(built: Forge, tmp_path: Path) -> None:
    overlay = tmp_path / "site"
    overlay.mkdir()
    (overlay / "miniblas.toml").write_text('[build.options]\nNUM_THREADS = "12"\n')
    states = _states(built, "--overlay", str(overlay))
    todo = {name for name, verdict in states.items() if verdict == "todo"}
    packages = {"miniblas", "minitorch", "minivision"}
    assert {name.partition(":")[2] for name in todo} == packages
    assert states["build:miniacl"] == "cached"
    why = built.good("store", "why", "minitorch", "--overlay", str(overlay))
    threads = catalog.load_target("native").values["threads"]
    assert f"build.options.NUM_THREADS: {threads} → 12" in why


def test_unchanged_result_spares_dependants(built: Forge, tmp_path: Path) -> None:
    """Early cut-off: miniblas is rebuilt and comes out the same, so nothing else is."""
    forge = _own(built, tmp_path / "own")
    home = {"WHEELFORGE_HOME": str(built.home)}
    overlay = tmp_path / "site"
    overlay.mkdir()
    (overlay / "miniblas.toml").write_text('[build.env]\nUNUSED_BY_ANYBODY = "1"\n')
    said = forge.good("build", "minitorch", "--overlay", overlay, env=home)
    assert "built    build:miniblas" in said
    assert "cached   build:minitorch" in said
    assert "built    build:minitorch" not in said


def test_damaged_entry_is_built_again_and_said_so(forge: Forge) -> None:
    forge.good("build", "miniblas")
    library = next(forge.home.glob("store/*-miniblas-*/lib/libminiblas.so.0.*"))
    library.write_bytes(library.read_bytes()[:-1] + b"\x7f")
    assert forge.run("store", "verify").code == 3
    said = forge.good("build", "miniblas")
    assert "damaged" in said
    assert "differs from what was built" in said
    assert "0 damaged" in forge.good("store", "verify")


def test_verify_finds_a_flipped_byte(built: Forge, tmp_path: Path) -> None:
    forge = _own(built, tmp_path)
    assert "verified" in forge.good("verify")
    victim = next(forge.wheelhouse.glob("minivision-*.whl"))
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    ran = forge.run("verify")
    assert ran.code == 3
    assert victim.name in ran.err


def _loaded(wheel: Path, scratch: Path) -> dict[str, tuple[object, ...]]:
    """Every file of a wheel; of ELF files, what they need and where they look for it."""
    found: dict[str, tuple[object, ...]] = {}
    with zipfile.ZipFile(wheel) as file:
        for name in file.namelist():
            if name.endswith((SBOM, "/")):  # a script adds no bill, and leaves auditwheel's folders
                continue
            path = Path(file.extract(name, scratch / wheel.parent.name))
            facts = elf.read(path) if elf.is_elf(path) else None
            found[name] = (facts.soname, facts.needed, facts.rpath) if facts else ()
    return found


def test_shell_script_builds_the_same_packages(built: Forge, tmp_path: Path) -> None:
    script = tmp_path / "build.sh"
    script.write_text(built.good("plan", "minitorch", "--shell"))
    env = {"PATH": os.environ["PATH"], "ROOT": str(tmp_path / "by-hand"), "JOBS": "2"}
    env |= {name: value for name, value in os.environ.items() if name.startswith(("PIP", "SSL"))}
    done = subprocess.run(
        ["bash", script], env=env, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    mine = {path.name: path for path in (tmp_path / "by-hand" / "wheelhouse").glob("*.whl")}
    for path in built.wheelhouse.glob("*.whl"):
        ours, theirs = (_loaded(wheel, tmp_path) for wheel in (path, mine[path.name]))
        assert ours == theirs
        assert any(ours.values())


def test_one_step_of_a_plan_can_be_run_by_itself(forge: Forge) -> None:
    plan = forge.root / "plan.json"
    plan.write_text(forge.good("plan", "miniblas", "--json"))
    early = forge.run("step", "run", plan, "check:miniblas")
    assert early.code == 1
    assert "run it first" in early.err
    assert "built    build:miniblas" in forge.good("step", "run", plan, "build:miniblas")
    assert "built    check:miniblas" in forge.good("step", "run", plan, "check:miniblas")


def test_bundle_feeds_a_build_without_network(forge: Forge, tmp_path: Path) -> None:
    bundle = tmp_path / "sources.tar"
    forge.good("fetch", "minitorch", "--bundle", bundle)
    other = Forge(tmp_path / "other")
    other.root.mkdir()
    said = other.good("build", "minitorch", "--only", "--offline", "--bundle", bundle)
    assert "verified" in said
    assert (other.wheelhouse / "requirements.lock").is_file()
