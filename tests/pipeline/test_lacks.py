"""What is missing on a machine is told by a plan, and refused by a build before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from builders import PYTHON, planned, recipe, refusal, resolved
from wheelforge import pipeline
from wheelforge.compatibility import Row
from wheelforge.errors import InputError
from wheelforge.events import Event, Notice
from wheelforge.pipeline.lacks import lacking, refuse
from wheelforge.probe import Sighting
from wheelforge.sysroot import Package, Sysroot

if TYPE_CHECKING:
    from pathlib import Path

    from scripted import Yard
    from wheelforge.graph import Lack

CANN = """
[[external]]
name = "CANN"
version = {{ "1.0" = "5.1.RC2" }}
ask = "get CANN {{external.version}} from its maker"
needed = "{needed}"
[external.probe]
file = "version.cfg"
pattern = 'version=(\\S+)'
paths = ["/opt/cann"]
"""


def where(_name: str, *key: str | int) -> str:
    return f"recipes/demo.toml: {key}"


def look_for(found: str, texts: dict[str, str]) -> tuple[Lack, ...]:
    sighting = Sighting(found, (f"/opt/cann: {found or 'no such folder'}",))
    return lacking(planned(texts), resolved(texts), where, lambda _: sighting)


@pytest.mark.parametrize(
    ("found", "says"), [("", "it is not here"), ("5.1.RC1", "this is 5.1.RC1")]
)
def test_missing_or_of_another_version(found: str, says: str) -> None:
    (lack,) = look_for(found, {"demo": recipe("demo", CANN.format(needed="build"))})
    assert lack.what == f"demo 1.0 needs CANN 5.1.RC2, and {says}"
    assert "external" in lack.where
    assert lack.remedy.startswith("get CANN 5.1.RC2 from its maker\n  looked at /opt/cann: ")


NEEDY = {"demo": recipe("demo", '[sysroot]\npackages = ["libsleef-dev", "libc6-dev"]')}


def in_sysroot(*packages: str) -> tuple[Lack, ...]:
    there = tuple(Package(name=name, version="1", sha256="0" * 64) for name in packages)
    system = Sysroot(
        name="mine", path="/s", machine="aarch64", identity="", libc="glibc 2.41", packages=there
    )
    sighting = Sighting("", ())
    return lacking(planned(NEEDY), resolved(NEEDY), where, lambda _: sighting, system)


def test_a_sysroot_without_a_package_is_told_with_one_that_has_it() -> None:
    (lack,) = in_sysroot("libc6-dev")
    assert lack.what == "demo needs libsleef-dev in the sysroot, and mine is without"
    assert "sysroot" in lack.where
    assert lack.remedy == (
        "wheelforge sysroot create trixie-arm64-torch, and give --sysroot trixie-arm64-torch"
    )


def test_a_sysroot_with_all_packages_or_whose_packages_are_not_known() -> None:
    assert in_sysroot("libc6-dev", "libsleef-dev") == ()
    assert in_sysroot() == ()
    assert look_for("", NEEDY) == ()


@pytest.mark.parametrize("found", ["5.1.RC2", "5.1rc2"])
def test_nothing_is_missing(found: str) -> None:
    assert not look_for(found, {"demo": recipe("demo", CANN.format(needed="build"))})


def test_a_specifier_will_do() -> None:
    text = CANN.format(needed="build").replace('{ "1.0" = "5.1.RC2" }', '">=5,<6"')
    assert not look_for("5.0.4", {"demo": recipe("demo", text)})
    assert look_for("6.0", {"demo": recipe("demo", text)})


def test_a_version_that_nothing_is_said_of() -> None:
    text = CANN.format(needed="build").replace('"1.0"', '"0.9"')
    error = refusal(lambda: look_for("5.1", {"demo": recipe("demo", text)}))
    assert error.remedy == 'add "1.0" = "VERSION"'


def test_only_what_is_needed_to_build_is_refused() -> None:
    texts = {"demo": recipe("demo", CANN.format(needed="run"))}
    plan = msgspec.structs.replace(planned(texts), lacks=look_for("", texts))
    assert plan.lacks[0].what.startswith("demo 1.0 needs, where it runs, CANN 5.1.RC2")
    refuse(plan)
    worse = msgspec.structs.replace(plan.lacks[0], needed="build")
    error = refusal(lambda: refuse(msgspec.structs.replace(plan, lacks=(worse, worse))))
    assert error.remedy.count("get CANN 5.1.RC2") == 2


def test_a_row_of_the_compatibility_table_may_name_it() -> None:
    texts = {"demo": recipe("demo", CANN.format(needed="build"))}
    row = Row(id="r", when={"cann": "<5.1"}, level="breaks", why="too old", source="s")
    assert resolved(texts, rows=(row,)).pins
    assert resolved(texts, rows=(row,), external=lambda _: "5.1.RC2").pins
    error = refusal(lambda: resolved(texts, rows=(row,), external=lambda _: "5.0.2"))
    assert "cann 5.0.2" in error.what


def test_wheels_that_are_compiled_need_headers(tmp_path: Path) -> None:
    bare = msgspec.structs.replace(PYTHON, include=str(tmp_path))
    texts = {"demo": recipe("demo", kind="wheel")}
    plan = msgspec.structs.replace(planned(texts), python=bare)
    resolution = resolved(texts)

    def found() -> tuple[Lack, ...]:
        return lacking(plan, resolution, where, lambda _: Sighting("", ()))

    (lack,) = found()
    assert lack.where == f"{tmp_path}/Python.h"
    assert "apt-get install python3-dev" in lack.remedy
    (tmp_path / "Python.h").touch()
    assert not found()


@pytest.mark.parametrize(
    ("kind", "build"),
    [("wheel", '[build]\nbackend = "script"\nlanguages = []\n'), ("library", "")],
)
def test_others_need_none(tmp_path: Path, kind: str, build: str) -> None:
    words = {"build": build} if build else {}
    texts = {"demo": recipe("demo", kind=kind, **words)}
    bare = msgspec.structs.replace(PYTHON, include=str(tmp_path))
    plan = msgspec.structs.replace(planned(texts), python=bare)
    assert not lacking(plan, resolved(texts), where, lambda _: Sighting("", ()))


def test_a_build_is_refused_and_a_plan_is_not(yard: Yard) -> None:
    yard.library("a", more=CANN.format(needed="build"))
    with pytest.raises(InputError, match=r"a 1\.0 needs CANN 5\.1\.RC2"):
        yard.build("a")
    assert not (yard.home / "runs").exists()
    ran = yard.run("plan", "a")
    assert ran.code == 0, ran.err
    assert "note: a 1.0 needs CANN 5.1.RC2, and it is not here: get CANN 5.1.RC2" in ran.out


def test_notes_before_a_run(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Event] = []
    monkeypatch.setattr(pipeline, "offline_prefix", lambda: ())
    yard.library("a", more=CANN.format(needed="run"))
    yard.build("a", listener=told.append)
    notes = [event.text for event in told if isinstance(event, Notice)]
    assert [text for text in notes if "needs, where it runs, CANN" in text]
    assert [text for text in notes if "not cut off from the network" in text]
    told.clear()
    yard.build("a", listener=told.append)  # nothing is to be done any more
    assert not [event for event in told if isinstance(event, Notice)]
