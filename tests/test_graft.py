"""The repair that keeps libraries' names, on small real libraries and wheels."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import platform
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cross import library, needs_cross
from elves import make_elf
from fake_wheels import make_wheel
from wheelforge import graft, programs

TAG = f"cp311-cp311-linux_{platform.machine()}"
EPOCH = {"SOURCE_DATE_EPOCH": "315619200"}
TREE = {  # what is below the wheel, as raw builds leave it
    "demo/__init__.py": "",
    "demo/run.py": "#!/usr/bin/env python\n",
}
MODULE = """
void *PyInit__C(void) { return 0; }
int core(void), getpid(void);
int run(void) { return getpid() ? core() : 0; }
"""


@dataclass(frozen=True)
class Raw:
    """A wheel before its repair, and the folders where what it needs lies."""

    wheel: Path
    folders: tuple[Path, ...]

    @property
    def env(self) -> dict[str, str]:
        path = f"{programs.locate('patchelf').parent}:{os.environ['PATH']}"
        folders = ":".join(map(str, self.folders))
        return {**os.environ, **EPOCH, "PATH": path, "AUDITWHEEL_LD_LIBRARY_PATH": folders}

    def repair(self, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-I", graft.__file__, *options, "--wheel-dir", out, self.wheel]
        return subprocess.run(argv, env=self.env, capture_output=True, text=True, check=False)


def compiled(path: Path, code: str, *flags: str | Path, kind: str = "-shared") -> Path:
    """A library (or program) of C code."""
    path.parent.mkdir(parents=True, exist_ok=True)
    argv = ["gcc", kind, "-fPIC", "-x", "c", "-", "-x", "none", "-o", path, *flags]
    subprocess.run(list(map(str, argv)), input=code, text=True, check=True)
    return path


def versioned(folder: Path, name: str, code: str, *flags: str | Path) -> Path:
    """A library with a SONAME and a link of that name, as packages have them."""
    path = compiled(folder / f"{name}.9.9", code, f"-Wl,-soname,{name}", *flags)
    (folder / name).symlink_to(path.name)
    return path


def packed(folder: Path, tree: Path, project: str = "demo") -> Path:
    """A wheel of all that is below `tree`, with modes."""
    files = {p.relative_to(tree).as_posix(): p for p in sorted(tree.rglob("*")) if p.is_file()}
    wheel = make_wheel(
        folder, project, tag=TAG, files={name: path.read_bytes() for name, path in files.items()}
    )
    with zipfile.ZipFile(wheel) as plain:
        items = [(item, plain.read(item)) for item in plain.infolist()]
    with zipfile.ZipFile(wheel, "w") as moded:
        for item, data in items:
            known = files.get(item.filename)
            item.external_attr = (known.stat().st_mode if known else 0o100644) << 16
            moded.writestr(item, data)
    return wheel


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Raw:
    """Shaped like torch's: a core library below lib, a binding, a nested package, a program."""
    root = tmp_path_factory.mktemp("raw")
    omp = versioned(root / "sys", "libmomp.so.1", "int omp(void) { return 1; }")
    blas = versioned(
        root / "blas/lib", "libmblas.so.0", "int omp(void); int blas(void) { return omp(); }", omp
    )
    acl = compiled(root / "acl/build/libmacl.so", "int acl(void) { return 40; }")
    tree = root / "tree"
    lib = tree / "demo/lib"
    core = compiled(
        lib / "libcore.so",
        "int blas(void), acl(void), omp(void); int core(void) { return blas() + acl() + omp(); }",
        blas, omp, f"-L{acl.parent}", "-lmacl", "-Wl,-soname,libcore.so", "-Wl,--enable-new-dtags",
        f"-Wl,-rpath,$ORIGIN:{root}/blas/lib:$ORIGIN/../../../lib:$ORIGIN/.:/build/lib",
    )  # fmt: skip
    for package, rpath in (("demo", "$ORIGIN/lib"), ("other/deep", "/build/demo/lib")):
        compiled(tree / package / "_C.so", MODULE, core, "-Wl,--unresolved-symbols=ignore-all",
                 f"-Wl,-rpath,{rpath}")  # fmt: skip
    main = "int core(void); int main(void) { return core(); }"
    compiled(tree / "demo/bin/tool", main, core, "-Wl,--unresolved-symbols=ignore-all", kind="-pie")
    compiled(lib / "libalone.so", "int alone(void) { return 3; }", "-Wl,-rpath,/build/lib")
    for name, text in TREE.items():
        (tree / name).write_text(text)
    (tree / "demo/run.py").chmod(0o755)
    (tree / "demo/bin/tool").chmod(0o755)
    return Raw(packed(root, tree), (root / "sys", blas.parent, acl.parent))


@pytest.fixture(scope="module")
def repaired(raw: Raw, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel after its repair."""
    out = tmp_path_factory.mktemp("repaired")
    done = raw.repair(out, "--into", "demo/lib")
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def tree(repaired: Path) -> Path:
    """What is in it, unpacked with modes as pip would."""
    return unpacked(repaired, repaired.parent / "tree")


def unpacked(wheel: Path, to: Path) -> Path:
    with zipfile.ZipFile(wheel) as file:
        for item in file.infolist():
            path = Path(file.extract(item, to))
            path.chmod(item.external_attr >> 16 & 0o777)
    return to


def test_libraries_come_once_and_under_their_own_names(repaired: Path, tree: Path) -> None:
    libraries = sorted(path.name for path in (tree / "demo/lib").iterdir())
    own = ["libalone.so", "libcore.so"]
    assert libraries == sorted([*own, "libmacl.so", "libmblas.so.0", "libmomp.so.1"])
    assert not list(tree.glob("*.libs"))
    copied = (repaired.parent / graft.COPIED).read_text().split()
    assert copied == [f"demo/lib/{name}" for name in libraries if name not in own]
    lines = (repaired.parent / graft.ORIGINS).read_text().splitlines()
    origins = dict(line.split("\t") for line in lines)
    assert list(origins) == copied
    for path, file in origins.items():
        assert Path(path).name == (graft.read(file).soname or Path(file).name)


def test_search_paths_lead_to_the_folder_and_nowhere_else(tree: Path) -> None:
    found = {}
    for path in sorted(tree.rglob("*")):
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
            image = graft.read(path)
            assert image.tags == (("rpath",) if image.search else ())
            found[str(path.relative_to(tree))] = image.search
    assert found == {
        "demo/_C.so": ("$ORIGIN/lib",),
        "demo/bin/tool": ("$ORIGIN/../lib",),
        "demo/lib/libalone.so": (),
        "demo/lib/libcore.so": ("$ORIGIN",),
        "demo/lib/libmacl.so": (),
        "demo/lib/libmblas.so.0": ("$ORIGIN",),
        "demo/lib/libmomp.so.1": (),
        "other/deep/_C.so": ("$ORIGIN/../../demo/lib",),
    }


def test_the_wheels_libraries_come_before_those_of_the_site(tree: Path, tmp_path: Path) -> None:
    """An unhashed name may be in LD_LIBRARY_PATH too."""
    compiled(tmp_path / "libmomp.so.1", "int omp(void) { return 50; }")
    env = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    assert subprocess.run(tree / "demo/bin/tool", env=env, check=False).returncode == 42
    code = "import ctypes, sys; sys.exit(ctypes.CDLL(sys.argv[1]).run())"
    argv = [sys.executable, "-c", code, tree / "other/deep/_C.so"]
    assert subprocess.run(argv, env=env, check=False).returncode == 42


def test_the_tag_is_manylinux_in_name_and_wheel(repaired: Path, tree: Path) -> None:
    assert "manylinux_2_" in repaired.name
    text = (tree / "demo-1.0.dist-info/WHEEL").read_text()
    assert f"Tag: {repaired.name.removeprefix('demo-1.0-').removesuffix('.whl')}" in text
    assert "-linux_" not in text


def test_modes_are_kept_and_nothing_is_a_link(repaired: Path, tree: Path) -> None:
    with zipfile.ZipFile(repaired) as file:
        modes = {item.filename: item.external_attr >> 16 for item in file.infolist()}
    assert not any(stat.S_ISLNK(mode) for mode in modes.values())
    assert {name for name, mode in modes.items() if mode & 0o111 and not name.endswith("/")} == {
        *(str(path.relative_to(tree)) for path in tree.rglob("*.so*")),
        "demo/bin/tool", "demo/run.py",
    }  # fmt: skip
    assert modes["demo/__init__.py"] & 0o777 == 0o644


def test_record_is_right(tree: Path) -> None:
    with (tree / "demo-1.0.dist-info/RECORD").open(newline="") as file:
        rows = list(csv.reader(file))
    assert {name for name, _, _ in rows} == {
        str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()
    }
    for name, said, size in rows:
        if said:
            data = (tree / name).read_bytes()
            found = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (said, size) == (f"sha256={found}", str(len(data)))


def test_the_same_wheel_comes_out_again(raw: Raw, repaired: Path, tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        assert raw.repair(tmp_path, "--into", "demo/lib").returncode == 0
    finally:
        os.umask(old)
    assert (tmp_path / repaired.name).read_bytes() == repaired.read_bytes()


def test_a_repaired_wheel_stays_as_it_is(raw: Raw, repaired: Path, tmp_path: Path) -> None:
    again = Raw(repaired, raw.folders)
    done = again.repair(tmp_path, "--into", "demo/lib")
    assert done.returncode == 0, done.stderr
    assert "patchelf" not in done.stdout
    with zipfile.ZipFile(repaired) as one, zipfile.ZipFile(tmp_path / repaired.name) as other:
        assert one.namelist() == other.namelist()


def test_a_companion_brings_only_what_is_not_there(
    raw: Raw, repaired: Path, tree: Path, tmp_path: Path
) -> None:
    own = versioned(tmp_path / "png", "libmpng.so.16", "int png(void) { return 2; }")
    code = f"{MODULE} int png(void), blas(void); int all(void) {{ return png() + blas(); }}"
    lib = tree / "demo/lib"
    compiled(tmp_path / "tree/vision/_C.so", code, lib / "libcore.so", lib / "libmblas.so.0", own,
             "-Wl,--unresolved-symbols=ignore-all")  # fmt: skip
    companion = Raw(packed(tmp_path, tmp_path / "tree", "vision"), (*raw.folders, own.parent))
    done = companion.repair(tmp_path / "out", "--beside", f"demo/lib={repaired}")
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "out").glob("*.whl")
    inside = unpacked(wheel, tmp_path / "inside")
    (grafted,) = inside.glob("vision.libs/*")
    assert grafted.name.startswith("libmpng-")
    needed = graft.read(inside / "vision/_C.so").needed
    assert {"libcore.so", "libmblas.so.0", grafted.name} <= {*needed}
    assert not (tmp_path / "out" / graft.COPIED).exists()


def test_what_is_excluded_stays_outside(
    raw: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", raw.env)
    copied = graft.graft(raw.wheel, "demo/lib", ["libmblas.so.*"], None, tmp_path)
    assert list(copied) == ["demo/lib/libmacl.so", "demo/lib/libmomp.so.1"]


def test_a_library_that_is_nowhere(raw: Raw, tmp_path: Path) -> None:
    fewer = Raw(raw.wheel, raw.folders[1:])
    (tmp_path / "sys").mkdir()
    done = fewer.repair(tmp_path, "--into", "demo/lib", "--ldpaths", str(tmp_path / "sys"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "error: libmomp.so.1 is found nowhere; needed by demo/lib/libcore.so, "
        f"{raw.folders[1] / 'libmblas.so.0.9.9'}"
    )
    assert not list(tmp_path.glob("*.whl"))


def elf(path: Path, **words: str) -> Path:
    path.write_bytes(make_elf(**words))  # type: ignore[arg-type]
    return path


def test_a_library_is_called_as_it_calls_itself(tmp_path: Path) -> None:
    """update-alternatives and hand-made links give a library further names."""
    blas = elf(tmp_path / "libopenblasp-r0.3.so", soname="libopenblas.so.0")
    bare = elf(tmp_path / "libbare.so")
    found = graft._lacking({
        "demo/a.so": {"libblas.so.3": blas, "/build/libbare.so": bare},
        "demo/b.so": {"libopenblas.so.0": blas, "a.so": tmp_path / "a.so"},
        "demo/c.so": {"libpython3.11.so.1.0": None},
    })  # fmt: skip
    assert found.files == {"libopenblas.so.0": blas, "libbare.so": bare}
    assert found.names == {
        "libblas.so.3": "libopenblas.so.0",
        "libopenblas.so.0": "libopenblas.so.0",
        "/build/libbare.so": "libbare.so",
    }


def test_what_one_file_does_not_reach_another_may(tmp_path: Path) -> None:
    there = elf(tmp_path / "libx.so", soname="libx.so")
    found = graft._lacking({"a.so": {"libx.so": None}, "b.so": {"libx.so": there}})
    assert found.files == {"libx.so": there}


def test_two_libraries_of_one_name(tmp_path: Path) -> None:
    paths = [tmp_path / name / "libx.so" for name in ("one", "same", "other")]
    for path, needed in zip(paths, ("libm.so.6", "libm.so.6", "libz.so.1"), strict=True):
        path.parent.mkdir()
        path.write_bytes(make_elf(soname="libx.so", needed=[needed]))
    one, same, other = paths
    assert graft._lacking({"a.so": {"libx.so": one}, "b.so": {"libx.so": same}}).files
    with pytest.raises(graft.RefusedError, match=r"two libraries are called libx\.so: .*other"):
        graft._lacking({"a.so": {"libx.so": one}, "b.so": {"libx.so": other}})


@pytest.mark.parametrize(
    ("entry", "folder"),
    [
        ("$ORIGIN", "demo/lib"),
        ("${ORIGIN}/../bin/", "demo/bin"),
        ("$ORIGIN/../../nvidia/cublas/lib", "nvidia/cublas/lib"),  # another wheel's
        ("$ORIGIN/../..", "."),
        ("$ORIGIN/../../..", None),
        ("$ORIGIN/../../../lib64", None),
        ("/opt/lib", None),
        ("", None),
        ("lib", None),
        ("$LIB", None),
        ("$ORIGIN//opt", "demo/lib/opt"),
    ],
)
def test_search_entries(entry: str, folder: str | None) -> None:
    assert list(graft._inside([entry], "demo/lib")) == ([folder] if folder else [])


def test_a_file_that_is_installed_elsewhere_is_not_shipped_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("demo-1.0.data/scripts/tool")
    path.parent.mkdir(parents=True)
    path.write_bytes(make_elf(needed=["libx.so"]))
    with pytest.raises(graft.RefusedError, match=r"scripts/tool needs libx\.so, which is out of"):
        graft._settle(str(path), ["demo/lib/libx.so"], {}, foreign=False)


@pytest.fixture
def spoiling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a patchelf on PATH that does its work and then something wrong."""

    def put(code: str) -> None:
        program = tmp_path / "bin/patchelf"
        program.parent.mkdir()
        program.write_text(
            f"#!{sys.executable} -I\nimport subprocess, struct, sys\n"
            f"subprocess.run([{str(programs.locate('patchelf'))!r}, *sys.argv[1:]], check=True)\n"
            f"path = sys.argv[-1]\ndata = bytearray(open(path, 'rb').read())\n{code}\n"
            "open(path, 'wb').write(data)\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=":")

    return put


ALIGNED_TO_4K = """
at, = struct.unpack_from('<Q', data, 32)
for number in range(struct.unpack_from('<H', data, 56)[0]):
    if struct.unpack_from('<I', data, at + 56 * number)[0] == 1:
        struct.pack_into('<Q', data, at + 56 * number + 48, 0x1000)
"""


def needing(folder: Path) -> None:
    """libx.so, which needs liby.so, for aarch64."""
    library(folder, "int y(void) { return 1; }", name="liby.so")
    flags = ("-Wl,--no-as-needed", "liby.so")
    library(folder, "int y(void); int x(void) { return y(); }", *flags, name="libx.so")


@needs_cross
def test_libraries_stay_loadable_on_pages_of_64_kib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new segment has to be laid: the old one has no room for a search path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(programs.locate("patchelf").parent), prepend=":")
    needing(tmp_path)
    before = graft.read("libx.so")
    graft._settle("libx.so", ["libx.so", "some/folder/liby.so"], {}, foreign=True)
    after = graft.read("libx.so")
    assert after.search == ("$ORIGIN/some/folder",)
    assert (before.alignment, after.alignment) == (0x10000, 0x10000)


@needs_cross
@pytest.mark.parametrize(
    ("code", "says"),
    [
        (ALIGNED_TO_4K, "patchelf aligned libx.so to 4096 bytes; it was 65536"),
        ("data[:] = data.replace(b'$ORIGIN/y', b'$ORIGIN/z')", "left another search path"),
    ],
)
def test_what_patchelf_made_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoiling: Callable[[str], None], code: str,
    says: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    spoiling(code)
    needing(tmp_path)
    with pytest.raises(graft.RefusedError, match=says):
        graft._settle("libx.so", ["libx.so", "y/liby.so"], {}, foreign=True)


def test_a_patchelf_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(programs.locate("patchelf").parent), prepend=":")
    Path("libx.so").write_bytes(make_elf(needed=["liby.so"])[:200])
    image = graft.Image("", "", (), (), (), 0)
    with pytest.raises(graft.RefusedError, match=r"patchelf ended with 1 for libx\.so"):
        graft._patched("libx.so", image, ["--remove-rpath"], ())


def test_of_two_search_paths_none_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some linkers write both tags; loaders then read DT_RUNPATH only."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(programs.locate("patchelf").parent), prepend=":")
    both = make_elf(needed=["liby.so"], rpath="/build/a", runpath="$ORIGIN/own:/build/lib")
    Path("libx.so").write_bytes(both)
    graft._settle("libx.so", ["lib/liby.so"], {}, foreign=False)
    after = graft.read("libx.so")
    assert (after.search, after.tags) == (("$ORIGIN/own", "$ORIGIN/lib"), ("rpath",))


def test_what_auditwheel_still_grafts_is_an_error(tmp_path: Path) -> None:
    before = make_wheel(tmp_path, "demo", tag=TAG)
    files = {"demo.py": "VERSION = '1.0'\n", "demo.libs/libx-1f2e3d4c.so": b""}
    make_wheel(tmp_path / "out", "demo", tag=TAG, files=files)
    with pytest.raises(graft.RefusedError, match=r"had to graft demo\.libs/libx-1f2e3d4c\.so"):
        graft._nothing_more(before, tmp_path / "out")


def test_a_plan_can_carry_the_program() -> None:
    """Nothing in it reads as one of a plan's own placeholders."""
    assert "@{" not in Path(graft.__file__).read_text()
