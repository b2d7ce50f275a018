"""Build environments' wheels: made again from what is installed, else through pip."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import platform
import subprocess
import sys
import sysconfig
import zipfile
from importlib import metadata
from typing import TYPE_CHECKING

import pytest
from fetching import fetch
from packaging import tags

from wheelforge import wheel
from wheelforge.errors import InputError
from wheelforge.fetch import Sources, closure, installed, pip_settings
from wheelforge.fetch.closure import Known
from wheelforge.fetch.pip_settings import PipSettings
from wheelforge.graph import WheelSet

if TYPE_CHECKING:
    from pathlib import Path

    from fetching import Told

OWN = sysconfig.get_platform().replace("-", "_")


def wanted(*requires: str, python: str = platform.python_version(), machine: str = OWN) -> WheelSet:
    tag = "cp" + "".join(python.split(".")[:2])
    return WheelSet(requires=requires, python=python, tag=tag, platform=machine)


def make_wheel(
    folder: Path, name: str, *requires: str, version: str = "1.0", tag: str = "py3-none-any"
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
    with zipfile.ZipFile(file, "w") as out:
        out.writestr(f"{name}.py", "x = 1\n")
        out.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
        )
        pure = str(tag.endswith("none-any")).lower()
        out.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\nTag: {tag}\n")
        out.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n")
    return file


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all pip may use."""
    folder = tmp_path / "links"
    folder.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    settings = PipSettings(index_url="", no_index=True, find_links=(str(folder),))
    monkeypatch.setattr(pip_settings, "read", lambda: settings)  # half a second for every test
    return folder


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site-packages folder of its own, found before the real one."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def install(site: Path, file: Path) -> Path:
    """Unpack a wheel as an installer does; returns its dist-info folder."""
    with zipfile.ZipFile(file) as data:
        data.extractall(site)
    (info,) = site.glob(f"{file.name.split('-')[0]}-*.dist-info")
    (info / "INSTALLER").write_text("test\n")
    with (info / "RECORD").open("a") as record:
        record.write(f"{info.name}/INSTALLER,,\n{info.name}/RECORD,,\n__pycache__/x.pyc,,\n")
    return info


def test_setuptools_is_made_again_offline(offline: Sources, told: Told) -> None:
    version = metadata.version("setuptools")
    what = wanted(f"setuptools=={version}")
    assert offline.identity(what) == ""
    identity = fetch(offline, what, told)
    assert offline.identity(what) == identity
    assert "installed beside wheelforge" in told.text
    (file,) = offline.files(what)
    assert file.name == f"setuptools-{version}-py3-none-any.whl"
    assert wheel.read(file).version == version


def test_a_wheel_made_again_installs_and_is_whole(tmp_path: Path) -> None:
    (file,) = installed.rebuild(wanted("setuptools"), tmp_path) or []
    with zipfile.ZipFile(file) as data:
        names = [name for name in data.namelist() if not name.endswith("/RECORD")]
        own = next(name for name in data.namelist() if name.count("/") == 1 and "/RECORD" in name)
        rows = list(csv.reader(io.StringIO(data.read(own).decode())))
        for name, found, size in rows[:-1]:
            body = data.read(name)
            digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=")
            assert (found, int(size)) == (f"sha256={digest.decode()}", len(body))
    assert rows[-1] == [own, "", ""]
    assert names == sorted(names)
    assert any("_vendor" in name and name.endswith("/INSTALLER") for name in names)
    assert f"{own.partition('/')[0]}/INSTALLER" not in names
    assert not any("__pycache__" in name for name in names)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile"]
    subprocess.run([*pip, "--target", str(tmp_path / "t"), str(file)], check=True)
    assert (tmp_path / "t/setuptools/__init__.py").exists()


def test_it_is_the_same_every_time(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    made = [installed.rebuild(wanted("setuptools"), tmp_path / name) for name in "ab"]
    first, second = (files[0].read_bytes() for files in made if files)
    assert first == second


def test_the_whole_closure_must_be_installed(site: Path, tmp_path: Path) -> None:
    install(site, make_wheel(tmp_path, "aaa", "bbb[more]>=1", "gone; python_version < '3'"))
    assert installed.rebuild(wanted("aaa"), tmp_path) is None
    install(site, make_wheel(tmp_path, "bbb", "ccc; extra == 'more'"))
    assert installed.rebuild(wanted("aaa"), tmp_path) is None
    install(site, make_wheel(tmp_path, "ccc"))
    (tmp_path / "out").mkdir()
    made = installed.rebuild(wanted("aaa"), tmp_path / "out") or []
    assert [file.name.split("-")[0] for file in made] == ["aaa", "bbb", "ccc"]
    assert installed.rebuild(wanted("aaa==2"), tmp_path) is None


DAMAGE = {
    "a script that nothing can make again": ("RECORD", "../../../bin/tool,,\n"),
    "a missing file": ("RECORD", "gone.py,,\n"),
    "a changed file": ("RECORD", "aaa.py,sha256=AAAA,6\n"),
    "an editable install": ("direct_url.json", '{"dir_info": {"editable": true}}'),
    "a foreign Python": ("METADATA", ""),
    "a platform's tag": ("WHEEL", "Tag: cp311-cp311-linux_x86_64\n"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_not_whole_or_not_pure_is_left_alone(site: Path, tmp_path: Path, kind: str) -> None:
    info = install(site, make_wheel(tmp_path, "aaa"))
    assert installed.rebuild(wanted("aaa"), tmp_path)
    name, text = DAMAGE[kind]
    with (info / name).open("a") as file:
        file.write(text or "Requires-Python: >=9\n")
    assert installed.rebuild(wanted("aaa"), tmp_path) is None


def test_entry_point_scripts_are_left_to_the_installer(site: Path, tmp_path: Path) -> None:
    info = install(site, make_wheel(tmp_path, "aaa"))
    (info / "entry_points.txt").write_text("[console_scripts]\naaa-run = aaa:x\n")
    with (info / "RECORD").open("a") as record:
        record.write(f"../../../bin/aaa-run,,\n{info.name}/entry_points.txt,,\n")
    (file,) = installed.rebuild(wanted("aaa"), tmp_path) or []
    assert f"{info.name}/entry_points.txt" in wheel.read(file).files


def test_pip_brings_the_rest(sources: Sources, links: Path) -> None:
    make_wheel(links, "zzz_one", "zzz-two>=1")
    make_wheel(links, "zzz_two", version="1.5")
    what = wanted("zzz-one==1.0; python_version > '3'", "zzz-none; sys_platform == 'win32'")
    fetch(sources, what)
    names = [file.name for file in sources.files(what)]
    assert names == ["zzz_one-1.0-py3-none-any.whl", "zzz_two-1.5-py3-none-any.whl"]


def test_the_set_is_kept_until_its_record_goes(
    sources: Sources, links: Path, tmp_path: Path
) -> None:
    make_wheel(links, "zzz_one")
    first = fetch(sources, wanted("zzz-one"))
    make_wheel(links, "zzz_one", version="2.0")
    assert fetch(sources, wanted("zzz-one")) == first
    (record,) = (tmp_path / "sources" / "records").iterdir()
    record.unlink()
    assert fetch(sources, wanted("zzz-one")) != first


def test_pip_works_offline_with_local_places(offline: Sources, links: Path) -> None:
    make_wheel(links, "zzz_one")
    fetch(offline, wanted("zzz-one"))
    assert offline.have(wanted("zzz-one"))


def test_offline_without_local_places(offline: Sources) -> None:
    with pytest.raises(InputError, match=r"wheels of zzz-one for cp.* needs the network"):
        fetch(offline, wanted("zzz-one"))


def test_what_pip_cannot_find_is_told(sources: Sources, links: Path) -> None:
    make_wheel(links, "zzz_one", version="2.0")
    with pytest.raises(InputError, match="No matching distribution found for zzz-one==3") as caught:
        fetch(sources, wanted("zzz-one==3"))
    assert "build.requires" in caught.value.where


def test_another_machine_gets_its_own_wheels_and_markers(sources: Sources, links: Path) -> None:
    make_wheel(links, "zzz_one", "zzz-arm; platform_machine == 'riscv64'")
    for machine in ("riscv64", "x86_64", "aarch64"):
        tag = f"cp312-cp312-manylinux_2_28_{machine}"
        make_wheel(links, "zzz_two", tag=tag)
    make_wheel(links, "zzz_arm", tag="cp312-cp312-linux_riscv64")
    what = wanted("zzz-two", "zzz-one", python="3.12.4", machine="linux_riscv64")
    fetch(sources, what)
    assert [file.name for file in sources.files(what)] == [
        "zzz_arm-1.0-cp312-cp312-linux_riscv64.whl",
        "zzz_one-1.0-py3-none-any.whl",
        "zzz_two-1.0-cp312-cp312-manylinux_2_28_riscv64.whl",
    ]


def test_another_python_on_this_machine_uses_its_glibc(sources: Sources, links: Path) -> None:
    newest = next(tags.platform_tags())
    make_wheel(links, "zzz_one", tag=f"cp313-cp313-{newest}")
    fetch(sources, wanted("zzz-one", python="3.13.1"))


def test_nonsense_is_not_a_requirement(sources: Sources, links: Path) -> None:
    assert links.is_dir()
    for line in ("==1", "x @ https://x.invalid/x.whl"):
        with pytest.raises(InputError, match=r"build\.requires"):
            fetch(sources, wanted(line))


def test_a_closure_with_a_circle_ends() -> None:
    known = {"a": Known("1", ("b",)), "b": Known("1", ("a", "c>2"))}
    found = closure.walk(wanted("A"), known.get)
    assert found == (("a", "b"), ("c>2",))


@pytest.mark.slow
def test_real_wheels_for_another_machine(sources: Sources) -> None:
    what = wanted("numpy==2.2.0", python="3.12.4", machine="linux_aarch64")
    fetch(sources, what)
    assert ["aarch64" in file.name for file in sources.files(what)] == [True]
