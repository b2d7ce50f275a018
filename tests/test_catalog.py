"""Recipes, overlays, targets and toolchains as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import CONDITIONS, recipe, refusal
from wheelforge import catalog
from wheelforge.catalog import (
    Catalog,
    load_sysroot,
    load_target,
    load_toolchain,
    open_catalog,
)

TARGET = """\
name = "mine"
summary = "x"
machine = "aarch64"
archspec = "a64fx"
"""
TOOLCHAIN = """\
name = "mine"
summary = "x"
family = "gcc"
[programs]
cc = ["gcc"]
"""


def _write(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text)
    return folder


def test_recipes_are_the_toml_files_of_the_folders(tmp_path: Path) -> None:
    one = _write(tmp_path / "one", a=recipe("a"), b=recipe("b"))
    (one / ".#a.toml").symlink_to("an-editors-lock")
    (one / "notes.txt").write_text("x")
    two = _write(tmp_path / "two", c=recipe("c"))
    library = Catalog((one, two))
    assert list(library.files) == ["a", "b", "c"]
    assert library.document("c").versions == ("1.0",)
    assert library.document("c") is library.document("c")


def test_a_file_is_read_only_when_it_is_asked_for(tmp_path: Path) -> None:
    library = Catalog((_write(tmp_path, good=recipe("good"), bad="not toml"),))
    assert library.document("good").kind == "library"
    assert refusal(lambda: library.document("bad")).where == f"{tmp_path}/bad.toml:1"


def test_unknown_recipe(tmp_path: Path) -> None:
    library = Catalog((_write(tmp_path, openblas=recipe("openblas")),))
    error = refusal(lambda: library.document("opnblas", "--pin opnblas"))
    assert (error.where, error.remedy) == ("--pin opnblas", "did you mean openblas?")


def test_a_name_cannot_come_from_two_folders(tmp_path: Path) -> None:
    folders = [_write(tmp_path / name, same=recipe("same")) for name in ("one", "two")]
    error = refusal(lambda: Catalog(tuple(folders)).files)
    assert error.where == f"{tmp_path}/two/same.toml"
    assert f"{tmp_path}/one/same.toml" in error.what
    assert "--overlay" in error.remedy


def test_a_shipped_name_cannot_be_taken(tmp_path: Path) -> None:
    folder = _write(tmp_path, miniblas=recipe("miniblas"))
    error = refusal(lambda: open_catalog([folder]).files)
    assert "recipes/miniblas.toml" in error.what


def test_overlays_lie_over_recipes_and_bring_new_ones(tmp_path: Path) -> None:
    base = _write(tmp_path / "base", a=recipe("a"))
    site = _write(tmp_path / "site", a='license = "BSD"', b=recipe("b"))
    user = _write(tmp_path / "user", a='license = "X"\nhomepage = "y"')
    library = Catalog((base,), (site, user))
    assert library.document("a").evaluate(CONDITIONS).license == "X"
    assert library.document("a").where("license") == f"{tmp_path}/user/a.toml:1: license"
    assert library.document("b").kind == "library"


def _rows(folder: Path, **whys: str) -> Path:
    (folder / "compatibility").mkdir(parents=True)
    text = '[[row]]\nid = "{}"\nwhen = {{ a = "*" }}\nlevel = "breaks"\nwhy = "{}"\nsource = "x"\n'
    rows = "".join(text.format(*row) for row in whys.items())
    (folder / "compatibility" / "x.toml").write_text(rows)
    return folder


def test_rows_of_an_overlay_stand_in_for_those_of_the_same_id(tmp_path: Path) -> None:
    base = _rows(tmp_path / "base", one="1", two="2")
    site = _rows(tmp_path / "site", three="3", one="new")
    found = Catalog((base,), (site,)).rows()
    assert [(row.id, row.why) for row in found] == [("one", "new"), ("two", "2"), ("three", "3")]


SYSROOT = """\
name = "mine"
extends = "trixie-arm64"
summary = "More"
packages = ["zlib1g-dev"]
"""


def test_a_sysroot_extends_a_shipped_one(tmp_path: Path) -> None:
    base = catalog.load_sysroot("trixie-arm64")
    _write(tmp_path, mine=SYSROOT)
    mine = catalog.load_sysroot(f"{tmp_path}/mine.toml")
    assert (mine.name, mine.summary, mine.suite) == ("mine", "More", base.suite)
    assert mine.packages == (*base.packages, "zlib1g-dev")


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("trixy", "there is no sysroot 'trixy'"),
        ("trixie-arm64-torch", "extends another one itself"),
    ],
)
def test_what_a_sysroot_cannot_extend(tmp_path: Path, base: str, says: str) -> None:
    _write(tmp_path, mine=SYSROOT.replace('"trixie-arm64"', f'"{base}"'))
    error = refusal(lambda: catalog.load_sysroot(f"{tmp_path}/mine.toml"))
    assert says in error.what
    assert error.where == f"{tmp_path}/mine.toml:2: extends"


def test_overlays_are_named_or_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_catalog([], ["debian"]).overlays == (
        catalog.shipped() / "recipes" / "overlays" / "debian",
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    assert open_catalog([], ["mine"]).overlays == (tmp_path / "mine",)
    error = refusal(lambda: open_catalog([], ["debain"]))
    assert error.where == "--overlay debain"
    assert error.remedy == "did you mean debian?"


def test_recipes_have_to_be_a_folder(tmp_path: Path) -> None:
    assert refusal(lambda: open_catalog([tmp_path / "no"])).where == f"--recipes {tmp_path}/no"


@pytest.mark.parametrize("name", sorted(set(catalog.targets()) - {"native"}))
def test_shipped_targets(name: str) -> None:
    target = load_target(name)
    assert target.name == name
    assert bool(target.features) == (name not in {"generic", "x86-64"})
    assert {"acl_arch", "openblas_target", "threads"} <= set(target.values)
    assert name in target.words
    assert target.page_size == (65536 if target.machine == "aarch64" else 4096)
    assert ("max-page-size=65536" in target.ldflags) == (target.machine == "aarch64")


def test_the_native_target_takes_the_values_of_the_nearest_known() -> None:
    target = load_target("native")
    assert target.machine in {"x86_64", "aarch64"}
    assert target.archspec != "native"
    assert target.values["openblas_target"]


@pytest.mark.parametrize("name", sorted(catalog.toolchains()))
def test_shipped_toolchains(name: str) -> None:
    toolchain = load_toolchain(name)
    assert toolchain.name == name
    assert {"cc", "cxx"} <= set(toolchain.programs)


@pytest.mark.parametrize("name", sorted(catalog.sysroots()))
def test_shipped_sysroots(name: str) -> None:
    definition = load_sysroot(name)
    assert definition.name == name
    assert name.startswith(f"{definition.suite}-{definition.architecture}")
    assert len({*definition.packages}) == len(definition.packages)
    assert {"libc6-dev", "python3", "libpython3-dev"} <= set(definition.packages)


def test_each_kind_is_listed_by_itself() -> None:
    kinds = [catalog.targets(), catalog.toolchains(), catalog.sysroots()]
    names = [name for kind in kinds for name in kind if name != "native"]
    assert len(set(names)) == len(names)
    assert all(path.is_file() for kind in kinds for path in kind.values())


@pytest.mark.parametrize(
    ("old", "new", "where", "remedy"),
    [
        ('"mine"', '"../mine"', ": name", "lower-case"),
        ('["libc6-dev"]', "[]", ": packages", "libc6-dev"),
        ("suite", "suit", ":4: suit", "did you mean suite?"),
    ],
)
def test_a_faulty_sysroot_is_refused(
    tmp_path: Path, old: str, new: str, where: str, remedy: str
) -> None:
    text = (
        'name = "mine"\nsummary = "x"\ndistribution = "debian"\nsuite = "sid"\n'
        'architecture = "arm64"\nmachine = "aarch64"\npackages = ["libc6-dev"]\n'
    )
    file = _write(tmp_path, mine=text) / "mine.toml"
    assert load_sysroot(str(file)).packages == ("libc6-dev",)
    file.write_text(text.replace(old, new))
    error = refusal(lambda: load_sysroot(str(file)))
    assert error.where.endswith(where)
    assert remedy in error.remedy


def test_an_unknown_sysroot() -> None:
    error = refusal(lambda: load_sysroot("trixi-arm64"))
    assert error.what == "there is no sysroot 'trixi-arm64'"
    assert error.remedy.startswith("did you mean trixie-arm64")


@pytest.mark.parametrize(
    ("old", "new", "place", "remedy"),
    [
        ("machine", "mashine", ":3: mashine", "did you mean machine?"),
        ('"aarch64"', "3", ":3: machine", "in quotes"),
        ('"aarch64"', '"x86_64"', ": machine", 'machine = "aarch64"'),
        ("a64fx", "a64fxx", ": archspec", "did you mean a64fx?"),
        ('summary = "x"', "", "", "add summary"),
        ('summary = "x"', 'summary = "x', ":2", "TOML"),
        ('summary = "x"', 'summary = "x"\ncompilers = { gcc = "new" }', ": compilers.gcc",
         "PEP 440"),
    ],
)  # fmt: skip
def test_faulty_target(tmp_path: Path, old: str, new: str, place: str, remedy: str) -> None:
    file = _write(tmp_path, mine=TARGET.replace(old, new)) / "mine.toml"
    error = refusal(lambda: load_target(str(file)))
    assert error.where in {f"{file}{place}", f"target mine{place}"}
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("old", "new", "place", "remedy"),
    [
        ("[programs]", "[programms]", ":4: programms", "did you mean programs?"),
        ('["gcc"]', '"gcc"', ":5: programs.cc", "a list"),
        ('"gcc"\n', '"gnu"\n', ":3: family", "clang"),
        ("[programs]", 'minimum = "x"\n[programs]', ": minimum", "PEP 440"),
        ("[programs]", 'version_pattern = "("\n[programs]', ": version_pattern", r"(\d+\.\d+)"),
        ("[programs]", 'version_pattern = "1"\n[programs]', ": version_pattern", r"(\d+\.\d+)"),
    ],
)
def test_faulty_toolchain(tmp_path: Path, old: str, new: str, place: str, remedy: str) -> None:
    file = _write(tmp_path, mine=TOOLCHAIN.replace(old, new)) / "mine.toml"
    error = refusal(lambda: load_toolchain(str(file)))
    assert error.where in {f"{file}{place}", f"toolchain mine{place}"}
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("load", "where", "remedy"),
    [
        (lambda: load_target("a64fxx"), "--target a64fxx", "did you mean a64fx?"),
        (lambda: load_target("no.toml"), "--target no.toml", "give a .toml file"),
        (lambda: load_target("../a64fx"), "--target ../a64fx", "a64fx"),
        (lambda: load_toolchain("clnag"), "--toolchain clnag", "did you mean clang?"),
    ],
)
def test_unknown_target_or_toolchain(load: object, where: str, remedy: str) -> None:
    assert callable(load)
    error = refusal(load)
    assert error.where == where
    assert remedy in error.remedy
