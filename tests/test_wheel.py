from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from fake_wheels import make_wheel
from odd_archives import Zipped, zipped
from wheelforge import wheel
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def test_facts_are_the_wheels_own(tmp_path: Path) -> None:
    path = make_wheel(
        tmp_path,
        "Typing-Extras",
        "2.5.0+ascend",
        requires=["numpy>=2", "six; python_version<'3'"],
        requires_python=">=3.9",
    )
    facts = wheel.read(path)
    assert (facts.name, facts.version, facts.project) == (
        "typing-extras",
        "2.5.0+ascend",
        "Typing-Extras",
    )
    assert facts.tags == ("py3-none-any",)
    assert facts.requires == ("numpy>=2", "six; python_version<'3'")
    assert facts.requires_python == ">=3.9"
    assert facts.metadata.startswith(b"Metadata-Version: 2.1\n")
    assert "Typing_Extras.py" in facts.files
    assert facts.packed == "2025-05-09T12:30:00Z"


def test_a_version_written_unnormalized_is_the_same_version(tmp_path: Path) -> None:
    facts = wheel.read(make_wheel(tmp_path, "certifi", "2025.01.31"))
    assert facts.version == "2025.1.31"


def test_a_date_no_calendar_has_is_no_date(tmp_path: Path) -> None:
    assert wheel.read(make_wheel(tmp_path, "odd", date=(1980, 0, 0, 0, 0, 0))).packed == ""


@pytest.mark.parametrize("name", ["torch.whl", "torch-2.5-cp312.whl", "torch-x-py3-none-any.whl"])
def test_not_a_wheels_name(name: str) -> None:
    with pytest.raises(InputError, match="is not a wheel's file name") as caught:
        wheel.parse_name(name)
    assert caught.value.where == name


def test_name_and_metadata_must_agree(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "mini", "1.0").rename(tmp_path / "mini-1.1-py3-none-any.whl")
    with pytest.raises(InputError, match=r"name says mini 1\.1, its METADATA mini 1\.0"):
        wheel.read(path)


def test_damaged_and_missing_wheels_are_named(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "mini")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="is not a wheel") as caught:
        wheel.read(path)
    assert caught.value.where == str(path)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        wheel.read(tmp_path / "gone-1.0-py3-none-any.whl")


def test_a_wheel_replaced_under_its_name_is_read_again(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "mini")
    assert wheel.read(path) is wheel.read(path)
    make_wheel(tmp_path, "mini", requires=["numpy"])
    assert wheel.read(path).requires == ("numpy",)


def test_a_flipped_compressed_byte_is_damage_not_a_bug(tmp_path: Path) -> None:
    path = tmp_path / "mini-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mini-1.0.dist-info/METADATA", "Name: mini\nVersion: 1.0\n" * 50)
    data = bytearray(path.read_bytes())
    start = 30 + len("mini-1.0.dist-info/METADATA")
    data[start : start + 8] = b"\xff" * 8
    path.write_bytes(data)
    with pytest.raises(InputError, match="is not a wheel"):
        wheel.read(path)


def test_a_wheel_has_one_metadata_file(tmp_path: Path) -> None:
    path = tmp_path / "mini-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mini.py", "")
    with pytest.raises(InputError, match="holds no single METADATA"):
        wheel.read(path)


def hostile(path: Path, *entries: Zipped) -> Path:
    """A wheel of these entries with a sound METADATA before them."""
    sound = Zipped(b"mini-1.0.dist-info/METADATA", b"Name: mini\nVersion: 1.0\n")
    wheel = path / "mini-1.0-py3-none-any.whl"
    wheel.write_bytes(zipped(sound, *entries))
    return wheel


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (Zipped(b"MINI-1.0.DIST-INFO/METADATA", b"Name: evil\n"), "no single METADATA"),
        (Zipped(b"evil-1.0.dist-info/RECORD", b""), "no single METADATA"),
        (Zipped(b"mini-1.0.dist-info/METADATA", b"Name: evil\n"), "is there twice"),
        (Zipped(b"../evil.py", b""), "leads outside"),
        (Zipped(b"a.py", b"", table_name=b"b.py"), "not what the table of contents says"),
    ],
)
def test_a_wheel_that_installers_read_differently(tmp_path: Path, entry: Zipped, why: str) -> None:
    with pytest.raises(InputError, match=why):
        wheel.read(hostile(tmp_path, entry))


@pytest.mark.parametrize("field", ["Requires-Python", "Requires-Dist", "Name"])
def test_fields_with_characters_nobody_can_see(tmp_path: Path, field: str) -> None:
    path = tmp_path / "mini-1.0-py3-none-any.whl"
    text = f"{field}: \x1b[2Jmini\nName: mini\nVersion: 1.0\n"
    path.write_bytes(zipped(Zipped(b"mini-1.0.dist-info/METADATA", text.encode())))
    with pytest.raises(InputError, match=f"characters in {field} that nobody can see"):
        wheel.read(path)


def test_a_folded_field_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "mini-1.0-py3-none-any.whl"
    text = "Name: mini\nVersion: 1.0\nRequires-Dist: six\n  ; extra == 'a'\n"
    path.write_bytes(zipped(Zipped(b"mini-1.0.dist-info/METADATA", text.encode())))
    assert wheel.read(path).requires == ("six ; extra == 'a'",)


def test_metadata_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEELFORGE_LIMITS", "metadata-bytes=1K")
    with pytest.raises(InputError, match="metadata-bytes"):
        wheel.read(make_wheel(tmp_path, "mini", requires=["six"] * 200))


@pytest.mark.parametrize(
    "name",
    [
        "a-1-py3-none-any\n.whl",
        "a-1-py3-none-<b>.whl",
        "ä-1-py3-none-any.whl",
        f"a-{'1' * 5000}-py3-none-any.whl",
        f"a-1-{'1' * 5000}-py3-none-any.whl",
    ],
)
def test_names_that_no_wheel_has(name: str) -> None:
    with pytest.raises(InputError, match="is not a wheel's file name"):
        wheel.parse_name(name)
