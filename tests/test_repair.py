from __future__ import annotations

import asyncio
import zipfile
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from fake_wheels import make_wheel
from jobs import Bench
from wheelforge.bill import Bill, Origin, Part
from wheelforge.errors import BuildError, RejectedError
from wheelforge.graph import Command, RepairStep
from wheelforge.repair import repair
from wheelforge.sbom import NAME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from wheelforge.store import Entry

NATIVE = "cp312-cp312-linux_aarch64"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def step(script: str = "exit 9", name: str = "demo", calls: str = "") -> RepairStep:
    return RepairStep(
        id=f"repair:{name}", name=name, version="1.0", needs=("build:demo",), wheel="build:demo",
        commands=(Command(label="repair", argv=("sh", "-c", script), cwd="@{out}"),),
        env={"LD_LIBRARY_PATH": "@{dep.lib}/lib"}, programs={}, libraries={"lib": "build:lib"},
        distribution=calls,
    )  # fmt: skip


def run(
    bench: Bench, made: RepairStep, more: Mapping[str, Entry] | None = None, **wheel: Any
) -> Entry:
    file = make_wheel(bench.root / "raw", **{"project": "demo", **wheel})
    results = {
        "build:demo": bench.entry("demo", {file.name: file.read_bytes()}, file.name),
        "build:lib": bench.entry("lib", {"lib/x": ""}),
        **(more or {}),
    }
    return asyncio.run(repair(bench.job(made, results), made))


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as file:
        return {name: file.read(name) for name in file.namelist() if not name.endswith("RECORD")}


def test_a_pure_wheel_is_taken_as_it_is(bench: Bench) -> None:
    entry = run(bench, step())
    assert entry.product.name == "demo-1.0-py3-none-any.whl"
    assert contents(entry.product) == contents(bench.root / "raw" / entry.product.name)
    assert entry.manifest.step == "repair:demo"
    assert not list((bench.home / "work").iterdir())


def test_the_bill_goes_into_the_wheel_with_what_fetching_told(bench: Bench) -> None:
    source = Origin(address="git+https://example.org/demo@v1.0", identity="", fetch="fetch:demo")
    part = Part(name="demo", version="1.0", kind="wheel", project="demo", sources=(source,))
    made = msgspec.structs.replace(
        step(), bill=Bill(parts=(part,)), env={"SOURCE_DATE_EPOCH": "315619200"}, libraries={}
    )
    file = make_wheel(bench.root / "raw", "demo")
    raw = file.read_bytes()
    job = bench.job(made, {"build:demo": bench.entry("demo", {file.name: raw}, file.name)})
    job.needs = {**job.needs, "fetch:demo": f"git:{'a' * 40}"}
    product = asyncio.run(repair(job, made)).product
    with zipfile.ZipFile(product) as wheel:
        document = wheel.read(f"demo-1.0.dist-info/{NAME}").decode()
    assert f"git+https://example.org/demo@v1.0 git:{'a' * 40}" in document
    assert file.read_bytes() == raw


def test_a_wheel_with_machine_code_goes_through_the_commands(bench: Bench) -> None:
    script = "cp @{wheel} demo-1.0-cp312-cp312-manylinux_2_34_aarch64.whl; ls $LD_LIBRARY_PATH"
    entry = run(bench, step(script), tag=NATIVE)
    assert entry.product.name.endswith("manylinux_2_34_aarch64.whl")
    assert "\nx\n" in bench.log("repair-demo")


def test_a_program_of_the_plan_and_another_steps_wheel(bench: Bench) -> None:
    script = "sh @{work}/own.sh @{wheel.repair.base}"
    made = msgspec.structs.replace(step(script), files={"own.sh": "cp $1 demo-2-py3-none-any.whl"})
    base = make_wheel(bench.root / "raw", "base")
    more = {"repair:base": bench.entry("base", {base.name: base.read_bytes()}, base.name)}
    assert contents(run(bench, made, more, tag=NATIVE).product) == contents(base)


@pytest.mark.parametrize(
    ("wheel", "says"),
    [
        ({"project": "other"}, "the build made other 1.0, not demo 1.0"),
        ({"version": "1.0a0+git123"}, r"the build made demo 1\.0a0\+git123, not demo 1\.0"),
    ],
)
def test_another_name_or_version_is_rejected(
    bench: Bench, wheel: dict[str, str], says: str
) -> None:
    with pytest.raises(RejectedError, match=f"repair:demo: {says}"):
        run(bench, step(), **wheel)


def test_versions_are_compared_not_their_spelling(bench: Bench) -> None:
    assert run(bench, step(), version="1.0.0", project="Demo").product.is_file()


@pytest.mark.parametrize("script", ["true", "touch a.whl b.whl"])
def test_one_wheel_has_to_come_out(bench: Bench, script: str) -> None:
    with pytest.raises(RejectedError, match=r"left [02] wheels instead of one"):
        run(bench, step(script), tag=NATIVE)


def test_a_repair_that_fails(bench: Bench) -> None:
    with pytest.raises(BuildError, match="repair failed with exit code 9: ValueError: no libx"):
        run(bench, step("echo 'ValueError: no libx'; exit 9"), tag=NATIVE)


def test_a_wheel_may_call_itself_otherwise_than_its_recipe(bench: Bench) -> None:
    made = step(name="demo-npu", calls="Demo")
    assert run(bench, made).product.name == "demo-1.0-py3-none-any.whl"


def test_a_wheel_must_then_not_be_called_as_its_recipe(bench: Bench) -> None:
    with pytest.raises(RejectedError, match=r"made demo-npu 1\.0, not Demo 1\.0"):
        run(bench, step(name="demo-npu", calls="Demo"), project="demo-npu")


def test_the_build_s_folders_are_forgotten_and_the_zip_is_normal(bench: Bench) -> None:
    library = bench.entry("lib", {"lib/x": ""})
    work = bench.home / "work" / b"demo".hex().ljust(20, "0")
    text = f"LIB = {str(library.path / 'lib')!r}\nPYTHON = {str(work / 'env')!r}\n"
    entry = run(bench, step(), files={"demo.py": text})
    assert contents(entry.product)["demo.py"] == (
        b"LIB = '/wheelforge/lib/lib'\nPYTHON = '/wheelforge/build/env'\n"
    )
    with zipfile.ZipFile(entry.product) as file:
        assert {item.date_time for item in file.infolist()} == {(1980, 1, 2, 0, 0, 0)}
