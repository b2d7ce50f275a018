"""Each kind of difference is told as what it is, and nothing is told of what is the same."""

from __future__ import annotations

import os
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from fake_wheels import flip_byte, make_wheel
from wheelforge.compare import Comparison, Detail, compare
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILES: Mapping[str, str | bytes] = {"demo/a.py": "A = 1\nB = 2\n", "demo/data": b"\0\1\2\3\4"}


def wheels(tmp_path: Path, ours: Mapping[str, str | bytes], **other: Any) -> Comparison:
    one = make_wheel(tmp_path / "a", "demo", files=FILES)
    return compare(one, make_wheel(tmp_path / "b", "demo", files=ours, **other))


def details(found: Comparison, name: str) -> list[Detail]:
    return [item for one in found.differences if one.name == name for item in one.details]


def of_packing(found: Comparison) -> dict[str, str]:
    return {item.where: item.what for item in found.packing}


def rezipped(wheel: Path, to: Path, *, level: int | None = None, **changes: object) -> Path:
    """The same members, some of their headers' fields changed."""
    to.mkdir()
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(to / wheel.name, "w") as new:
        for item in old.infolist():
            made = zipfile.ZipInfo(item.filename, item.date_time)
            made.external_attr, made.compress_type = item.external_attr, item.compress_type
            for name, value in changes.items():
                setattr(made, name, value)
            new.writestr(made, old.read(item), compresslevel=level)
    return to / wheel.name


def test_the_same_bytes(tmp_path: Path) -> None:
    found = wheels(tmp_path, FILES)
    assert found.equal
    assert found.files == 5
    assert (found.differences, found.packing, found.notes) == ((), (), ())
    assert found.a.sha256 == found.b.sha256 is not None


def test_files_on_one_side_only(tmp_path: Path) -> None:
    found = wheels(tmp_path, {"demo/a.py": FILES["demo/a.py"], "demo/new": "x"})
    kinds = {item.name: (item.kind, item.sizes) for item in found.differences}
    assert not found.equal
    assert kinds["demo/data"] == ("only in a", (5, None))
    assert kinds["demo/new"] == ("only in b", (None, 1))
    assert found.files == 3


def test_the_first_line_that_differs(tmp_path: Path) -> None:
    found = wheels(tmp_path, {**FILES, "demo/a.py": "A = 1\nB = 3\nC = 4\n"})
    (line,) = details(found, "demo/a.py")
    assert line.where == "line 2"
    assert "'B = 2" in line.what
    assert "'B = 3" in line.what


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("P = '/home/a/x'\n", "P = '/srv/b/x'\n", "path"),
        ("on Jan 12 2026\n", "on Feb 13 2026\n", "date"),
        ("at 2026-01-12\n", "at 2026-02-12\n", "date"),
        ("a = 1\n", "a = 2\n", ""),
        ("a = 1/2\n", "a = 1/3\n", ""),
    ],
)
def test_what_a_difference_comes_from(tmp_path: Path, one: str, other: str, why: str) -> None:
    (tmp_path / "a").write_text(one)
    (tmp_path / "b").write_text(other)
    ((detail,),) = (item.details for item in compare(tmp_path / "a", tmp_path / "b").differences)
    assert why in detail.why
    assert bool(why) == bool(detail.why)


def test_long_lines_are_cut_to_where_they_differ(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x" * 5000 + "A" + "y" * 5000)
    (tmp_path / "b").write_text("x" * 5000 + "B" + "y" * 5000)
    ((detail,),) = (item.details for item in compare(tmp_path / "a", tmp_path / "b").differences)
    assert "xA" in detail.what
    assert "xB" in detail.what
    assert len(detail.what) < 700


def test_the_first_byte_that_differs_of_what_is_no_text(tmp_path: Path) -> None:
    found = wheels(tmp_path, {**FILES, "demo/data": b"\0\1\2\x80\4"})
    assert [item.what for item in details(found, "demo/data")] == [
        "the first that differs is at 0x3"
    ]


def test_fields_of_metadata_and_of_wheel(tmp_path: Path) -> None:
    one = make_wheel(tmp_path / "a", "demo", requires=["one", "two"])
    other = make_wheel(
        tmp_path / "b", "demo", requires=["one", "three"], requires_python=">=3.9"
    ).rename(tmp_path / "b" / one.name)
    found = compare(one, other)
    told = {item.where: item.what for item in details(found, "demo-1.0.dist-info/METADATA")}
    assert told == {
        "Requires-Dist": "'two' and 'three'",
        "Requires-Python": "nothing and '>=3.9'",
    }
    (rows,) = details(found, "demo-1.0.dist-info/RECORD")
    assert rows.what == "demo-1.0.dist-info/METADATA"
    assert "follows" in rows.why


def test_the_description(tmp_path: Path) -> None:
    text = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n\nSome\nwords\n"
    name = "demo-1.0.dist-info/METADATA"
    sides = []
    for side in ("a", "b"):
        wheel = make_wheel(tmp_path / side, "demo")
        with zipfile.ZipFile(wheel) as old:
            rest = {item: old.read(item) for item in old.namelist() if item != name}
        with zipfile.ZipFile(wheel, "w") as new:
            for item, data in rest.items():
                new.writestr(zipfile.ZipInfo(item), data)
            new.writestr(zipfile.ZipInfo(name), text.replace("words", f"words {side}"))
        sides.append(wheel)
    (detail,) = details(compare(*sides), name)
    assert detail.where == "description, line 2"


@pytest.mark.parametrize(
    ("changes", "where", "what"),
    [
        ({"date_time": (2026, 1, 2, 3, 4, 6)}, "times", "2026-01-02 03:04:06"),
        ({"external_attr": 0o100600 << 16}, "modes", "0o100600"),
        ({"external_attr": 1}, "attributes", "0x1"),
        ({"compress_type": zipfile.ZIP_DEFLATED}, "compression", "stored and deflated"),
        ({"create_system": 0}, "systems", "3 and 0"),
        ({"create_version": 63}, "versions", "63"),
        ({"extra": b"\xfe\xca\0\0"}, "extra fields", "feca0000"),
        ({"comment": b"hi"}, "comments", "6869"),
    ],
)
def test_headers_of_a_zip(
    tmp_path: Path, changes: dict[str, object], where: str, what: str
) -> None:
    wheel = rezipped(make_wheel(tmp_path / "a", "demo", files=FILES), tmp_path / "plain")
    found = compare(wheel, rezipped(wheel, tmp_path / "b", **changes))
    assert not found.equal
    assert not found.differences
    assert what in of_packing(found)[where]
    assert "and 4 more" in of_packing(found)[where]


def test_the_order_of_entries_and_folders_among_them(tmp_path: Path) -> None:
    one = make_wheel(tmp_path / "a", "demo", files=FILES)
    other = make_wheel(tmp_path / "b", "demo", files=dict(reversed(FILES.items())))
    with zipfile.ZipFile(other, "a") as file:
        file.mkdir("demo")
    told = of_packing(compare(one, other))
    assert told["order"] == "entry 1 of those both have is demo/a.py and demo/data"
    assert "demo/ in b" in told["folders"]


def test_another_level_of_compression(tmp_path: Path) -> None:
    files = {"demo/a.py": "".join(f"A{number % 97} = {number}\n" for number in range(5000))}
    plain = make_wheel(tmp_path / "plain", "demo", files=files)
    packed = {"compress_type": zipfile.ZIP_DEFLATED}
    one, other = (rezipped(plain, tmp_path / str(level), level=level, **packed) for level in (1, 9))
    found = compare(one, other)
    assert list(of_packing(found)) == ["compressed sizes"]
    assert "compressor" in found.packing[0].why
    assert not found.equal


def test_bytes_that_belong_to_no_entry(tmp_path: Path) -> None:
    one = make_wheel(tmp_path / "a", "demo")
    other = tmp_path / "b" / one.name
    other.parent.mkdir()
    shutil.copy(one, other)
    with zipfile.ZipFile(other, "a") as file:
        file.comment = b"hello"
    found = compare(one, other)
    assert of_packing(found) == {"archive comment": " and 68656c6c6f"}


def test_folders(tmp_path: Path) -> None:
    for side in ("a", "b"):
        folder = tmp_path / side / "lib"
        folder.mkdir(parents=True)
        (folder / "same").write_text("x")
        (folder / "mode").write_text("x")
        (folder / "link").symlink_to(side)
    (tmp_path / "b/lib/mode").chmod(0o755)
    found = compare(tmp_path / "a", tmp_path / "b")
    told = {item.name: item.details[0] for item in found.differences}
    assert sorted(told) == ["lib/link", "lib/mode"]
    assert told["lib/mode"].what == "a file and a program"
    assert "'a' and 'b'" in told["lib/link"].what
    assert found.files == 1


def test_a_folders_own_path_does_not_count_and_is_noted(tmp_path: Path) -> None:
    for side in ("a", "longer"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "x.pc").write_text(f"prefix={tmp_path / side}\n")
    found = compare(tmp_path / "a", tmp_path / "longer")
    assert found.equal
    assert found.notes == ("x.pc: only the folder's own path in it differs",)
    (tmp_path / "longer/x.pc").write_text(f"prefix={tmp_path / 'longer'}\nmore\n")
    assert not compare(tmp_path / "a", tmp_path / "longer").equal


def test_a_wheel_and_what_it_unpacks_to(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "demo", files=FILES)
    with zipfile.ZipFile(wheel) as file:
        file.extractall(tmp_path / "unpacked")
    assert compare(wheel, tmp_path / "unpacked").equal
    (tmp_path / "unpacked/demo/data").write_bytes(b"")
    assert not compare(wheel, tmp_path / "unpacked").equal


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "demo")
    with pytest.raises(InputError, match="is not there"):
        compare(wheel, tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="neither a wheel"):
        compare(tmp_path / "pipe", wheel)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder/pipe")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        compare(tmp_path / "folder", wheel)


def test_a_damaged_wheel(tmp_path: Path) -> None:
    one = make_wheel(tmp_path / "a", "demo", files=FILES)
    other = make_wheel(tmp_path / "b", "demo", files=FILES)
    flip_byte(other, b"A = 1")
    with pytest.raises(InputError, match="CRC"):
        compare(one, other)
    other.write_bytes(b"PK\3\4 nothing")
    with pytest.raises(InputError, match="is not a wheel"):
        compare(one, other)


def test_rows_of_a_record_in_another_order(tmp_path: Path) -> None:
    for side, text in (
        ("a", "x,sha256=1,1\ny,sha256=2,2\n"),
        ("b", "y,sha256=2,2\nx,sha256=1,1\n"),
    ):
        folder = tmp_path / side / "demo-1.dist-info"
        folder.mkdir(parents=True)
        (folder / "RECORD").write_text(text)
    (detail,) = details(compare(tmp_path / "a", tmp_path / "b"), "demo-1.dist-info/RECORD")
    assert detail.what == "the same in another order or form"
