from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from fake_wheels import make_wheel
from wheelforge import digest, lock
from wheelforge.errors import InputError
from wheelforge.interpreter import Interpreter
from wheelforge.programs import locate

ARM = Interpreter(
    path="/opt/python/bin/python3.12",
    version="3.12.4",
    tag="cp312",
    soabi="cpython-312-aarch64-linux-gnu",
    platform="linux-aarch64",
)


def write(house: Path, *wheels: Path) -> list[Path]:
    return lock.write(house, wheels, requires_python="==3.12.*")


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_requirements_pin_every_wheel_by_digest(tmp_path: Path) -> None:
    torch = make_wheel(tmp_path, "torch", "2.5.0+ascend")
    jinja = make_wheel(tmp_path, "Jinja2", "3.1.6")
    requirements, *_ = write(tmp_path, torch, jinja)
    assert requirements == tmp_path / "requirements.lock"
    assert lines(requirements) == [
        f"jinja2==3.1.6 --hash=sha256:{digest.of_file(jinja)}",
        f"torch==2.5.0+ascend --hash=sha256:{digest.of_file(torch)}",
    ]


def test_the_header_is_a_command_that_names_one_index(tmp_path: Path) -> None:
    requirements, *_ = write(tmp_path, make_wheel(tmp_path, "mini"))
    (command,) = re.findall(r"^# +(pip install .*)$", requirements.read_text(), re.MULTILINE)
    words = shlex.split(command)
    assert {"--no-cache-dir", "--require-hashes"} < set(words)
    assert words[words.index("--index-url") + 1] == "file://$PWD/simple/"
    assert words[-2:] == ["-r", "requirements.lock"]
    assert not any("extra" in word for word in words)
    assert "Python ==3.12.*" in requirements.read_text()
    assert str(tmp_path) not in requirements.read_text()


def test_builds_for_several_pythons_share_a_line(tmp_path: Path) -> None:
    old = make_wheel(tmp_path, "mini", tag="cp311-cp311-linux_aarch64")
    new = make_wheel(tmp_path, "mini", tag="cp312-cp312-linux_aarch64")
    requirements, pylock, packages = write(tmp_path, new, old)
    hashes = " ".join(f"--hash=sha256:{digest.of_file(path)}" for path in (old, new))
    assert lines(requirements) == [f"mini==1.0 {hashes}"]
    (package,) = tomllib.loads(pylock.read_text())["packages"]
    assert [one["path"] for one in package["wheels"]] == [old.name, new.name]
    assert packages.read_text().count("mini") == 1


def test_two_versions_of_a_project_cannot_be_locked(tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path, "mini", version) for version in ("1.0", "2.0")]
    with pytest.raises(InputError, match=r"both mini 1\.0 and 2\.0"):
        write(tmp_path, *wheels)
    assert not (tmp_path / "requirements.lock").exists()


def test_pylock_reads_back_as_what_it_locks(tmp_path: Path) -> None:
    torch = make_wheel(tmp_path, "torch", "2.5.0+ascend", requires_python=">=3.9")
    _, pylock, _ = write(tmp_path, make_wheel(tmp_path, "numpy", "2.2.3"), torch)
    locked = Pylock.from_dict(tomllib.loads(pylock.read_text()))
    assert str(locked.requires_python) == "==3.12.*"
    assert [(one.name, str(one.version)) for one in locked.packages] == [
        ("numpy", "2.2.3"),
        ("torch", "2.5.0+ascend"),
    ]
    assert str(locked.packages[1].requires_python) == ">=3.9"
    (wheel,) = locked.packages[1].wheels or ()
    assert (wheel.path, wheel.size) == (torch.name, torch.stat().st_size)
    assert wheel.hashes == {"sha256": digest.of_file(torch)}


def test_a_hostile_file_name_is_in_no_lock(tmp_path: Path) -> None:
    plain = make_wheel(tmp_path, "evil")
    hostile = plain.rename(tmp_path / 'evil-1.0-1"}]\nx="-py3-none-any.whl')
    with pytest.raises(InputError, match="is not a wheel's file name"):
        write(tmp_path, hostile)


@pytest.mark.parametrize(
    "marker",
    ["(" * 5000, "python_version ~= 'x'", "'a' in 'b'", "python_version > '" + "1" * 5000 + "'"],
)
def test_a_requirement_that_packaging_fails_on_is_the_wheels_fault(
    tmp_path: Path, marker: str
) -> None:
    path = make_wheel(tmp_path, "mini", requires=[f"six; {marker}"])
    with pytest.raises(InputError, match="its METADATA requires what cannot be read") as caught:
        lock.missing([path], ARM)
    assert caught.value.where == "mini 1.0"


def test_a_requires_python_that_is_none_is_left_out_as_pip_ignores_it(tmp_path: Path) -> None:
    _, pylock, _ = write(tmp_path, make_wheel(tmp_path, "old", requires_python=">=2.7.*"))
    (package,) = tomllib.loads(pylock.read_text())["packages"]
    assert "requires-python" not in package


def test_a_lock_no_installer_could_read_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be locked: .*requires-python"):
        lock.write(tmp_path, [make_wheel(tmp_path, "mini")], requires_python="three")
    assert not (tmp_path / "pylock.toml").exists()


@pytest.mark.e2e
def test_uv_installs_from_the_pylock_alone(tmp_path: Path) -> None:
    house = tmp_path / "house"
    wheels = [make_wheel(house, "torch", "2.5.0+ascend"), make_wheel(house, "numpy", "2.2.3")]
    _, pylock, _ = lock.write(house, wheels, requires_python=">=3.11")
    argv = [str(locate("uv")), "pip", "install", "--quiet", "--no-config", "--no-cache"]
    argv += ["--offline", "--no-index", "--python", sys.executable]
    argv += ["--target", str(tmp_path / "target"), "-r", str(pylock)]
    subprocess.run(argv, cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / "target/torch.py").read_text() == "VERSION = '2.5.0+ascend'\n"
    assert (tmp_path / "target/numpy.py").is_file()


def test_packages_txt_is_a_table_for_people(tmp_path: Path) -> None:
    wheels = [
        make_wheel(tmp_path, "typing-extensions", "4.12.2"),
        make_wheel(tmp_path, "PyYAML", "6.0.2"),
        make_wheel(tmp_path, "torch", "2.5.0a0+git32f585d"),
    ]
    *_, packages = write(tmp_path, *wheels)
    assert packages.read_text().splitlines() == [
        "Package           Version",
        "----------------- ------------------",
        "PyYAML            6.0.2",
        "torch             2.5.0a0+git32f585d",
        "typing-extensions 4.12.2",
    ]


def test_an_unchanged_lock_is_not_touched(tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path, name) for name in ("b", "a")]
    files = write(tmp_path, *wheels)
    before = [path.stat().st_mtime_ns for path in files]
    assert write(tmp_path, *reversed(wheels)) == files
    assert [path.stat().st_mtime_ns for path in files] == before


def test_digests_may_come_from_a_memo(tmp_path: Path) -> None:
    mini = make_wheel(tmp_path, "mini")
    requirements, *_ = lock.write(tmp_path, [mini], requires_python="", sha256=lambda _: "f" * 64)
    assert lines(requirements) == [f"mini==1.0 --hash=sha256:{'f' * 64}"]


def test_missing_follows_markers_of_the_target_python(tmp_path: Path) -> None:
    top = make_wheel(
        tmp_path,
        "top",
        requires=[
            "Base_Lib>=1",
            "sympy!=1.13.2,>=1.13.1 ; python_version >= '3.9'",
            "tomli; python_version<'3.11'",
            "triton==3.1; platform_machine == 'x86_64' and platform_system == 'Linux'",
            "kleidi; platform_machine == 'aarch64'",
            "pywin32; sys_platform == 'win32'",
            "optree>=0.11; extra == 'optree'",
        ],
    )
    base = make_wheel(tmp_path, "base-lib", "1.0")
    assert lock.missing([top, base], ARM) == ("kleidi", "sympy!=1.13.2,>=1.13.1")


def test_missing_follows_extras_that_are_asked_for(tmp_path: Path) -> None:
    top = make_wheel(tmp_path, "top", requires=["web[Fast]>=1", "other[x,a]"])
    web = make_wheel(tmp_path, "web", requires=["speed; extra=='fast'", "docs; extra=='docs'"])
    assert lock.missing([top, web], ARM) == ("other[a,x]", "speed")


def test_missing_takes_local_and_untagged_versions_as_meant(tmp_path: Path) -> None:
    vision = make_wheel(tmp_path, "torchvision", requires=["torch==2.5.0", "numpy>=2"])
    torch = make_wheel(tmp_path, "torch", "2.5.0+ascend")
    numpy = make_wheel(tmp_path, "numpy", "2.3.0a0+git1")
    assert lock.missing([vision, torch, numpy], ARM) == ()


def test_a_version_that_is_excluded_is_an_error_naming_both(tmp_path: Path) -> None:
    vision = make_wheel(tmp_path, "torchvision", "0.20", requires=["torch==2.5.1"])
    torch = make_wheel(tmp_path, "torch", "2.5.0+ascend")
    with pytest.raises(InputError) as caught:
        lock.missing([vision, torch], ARM)
    assert caught.value.where == "torchvision 0.20"
    assert caught.value.what == "requires torch==2.5.1, but the wheel here is torch 2.5.0+ascend"


def test_a_requirement_nobody_can_read_names_its_wheel(tmp_path: Path) -> None:
    odd = make_wheel(tmp_path, "odd", requires=["???"])
    with pytest.raises(InputError, match=r"'\?\?\?'") as caught:
        lock.missing([odd], ARM)
    assert caught.value.where == "odd 1.0"


def test_the_same_file_from_two_wheels_is_an_error(tmp_path: Path) -> None:
    one = make_wheel(tmp_path, "one", files={"shared/__init__.py": "", "one.py": ""})
    two = make_wheel(tmp_path, "two", files={"two-1.0.data/purelib/shared/__init__.py": ""})
    with pytest.raises(InputError) as caught:
        lock.collisions([two, one])
    assert caught.value.what == "one 1.0 and two 1.0 both install shared/__init__.py"


def test_scripts_collide_however_they_are_packed(tmp_path: Path) -> None:
    one = make_wheel(tmp_path, "one", files={"one-1.0.data/scripts/run": ""})
    two = make_wheel(tmp_path, "two", files={"two-1.0.data/data/bin/run": ""})
    with pytest.raises(InputError, match="<prefix>/bin/run"):
        lock.collisions([one, two])


def test_builds_of_one_project_do_not_collide(tmp_path: Path) -> None:
    lock.collisions(
        [
            make_wheel(tmp_path, "mini", tag="cp311-cp311-linux_aarch64"),
            make_wheel(tmp_path, "mini", tag="cp312-cp312-linux_aarch64"),
            make_wheel(tmp_path, "other", files={"other/mini.py": ""}),
        ]
    )
