"""How the gate is compiled and put in front of compilers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from gated import Site
from racing import race
from wheelforge import gatehouse, programs
from wheelforge.errors import ForgeError, InputError
from wheelforge.process import ProgramError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def replace_compiler(monkeypatch: pytest.MonkeyPatch, path: Path | None) -> None:
    monkeypatch.setattr(programs, "find", lambda name: path if name == "gcc" else None)


def compiler(folder: Path, text: str) -> Path:
    path = folder / "fake-cc"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def real_compiler() -> str:
    return str(programs.find("cc") or programs.find("gcc") or programs.find("clang"))


def test_the_gate_is_made_once(program: Path, tmp_path: Path) -> None:
    first = gatehouse.gate(tmp_path)
    assert first is not None
    assert first.name == gatehouse.NAME
    made = first.stat()
    assert made.st_mode & 0o777 == 0o755
    assert gatehouse.gate(tmp_path) == first
    assert first.stat() == made
    assert first.read_bytes() == program.read_bytes()
    assert names(tmp_path / "gate") == [first.parent.name]


@pytest.mark.usefixtures("program")
def test_strict_compilers_have_nothing_to_say(tmp_path: Path) -> None:
    source = Path(gatehouse.__file__).with_name("gate.c")
    strict = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    for compiler in filter(shutil.which, ["gcc", "clang", "aarch64-linux-gnu-gcc"]):
        words = [compiler, "-O2", *strict, "-c", str(source), "-o", str(tmp_path / "gate.o")]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), compiler


@pytest.mark.usefixtures("program")
def test_another_compiler_makes_another_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    gates = set()
    real = real_compiler()
    for remark in ("one", "two"):
        text = f'# {remark}\nexec {real} "$@"'
        replace_compiler(monkeypatch, compiler(tmp_path, text))
        gates.add(gatehouse.gate(home))
    assert len(gates) == 2
    assert None not in gates


def test_processes_that_make_it_at_once_have_the_same(program: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from wheelforge import gatehouse\n"
        "go()\n"
        "print(gatehouse.gate(Path(sys.argv[1])))\n"
    )
    said = race(code, 3, tmp_path)
    assert set(said) == {f"{tmp_path / 'gate' / program.parent.name / program.name}\n"}
    assert names(tmp_path / "gate") == [program.parent.name]


def test_without_a_compiler_there_is_no_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_compiler(monkeypatch, None)
    assert gatehouse.gate(tmp_path) is None
    assert not names(tmp_path)


@pytest.mark.usefixtures("program")
def test_without_a_static_library_it_is_linked_as_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = 'case "$*" in *-static*) echo "cannot find -lc" >&2; exit 1;; esac'
    replace_compiler(monkeypatch, compiler(tmp_path, f'{refusal}\nexec {real_compiler()} "$@"'))
    made = gatehouse.gate(tmp_path / "home")
    assert made is not None
    assert subprocess.run([made], capture_output=True, check=False).returncode == 64


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("echo no headers here >&2; exit 1", ProgramError, "no headers here"),
        ('for out; do :; done; printf "#!/bin/sh\\nexit 0\\n" > "$out"; chmod +x "$out"',
         InputError, "does not run"),
        ('for out; do :; done; echo "not a program" > "$out"', InputError, "does not run"),
        ("exit 0", InputError, "does not run"),
    ],
)  # fmt: skip
def test_what_is_no_gate_is_not_kept(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    error: type[ForgeError],
    words: str,
) -> None:
    replace_compiler(monkeypatch, compiler(tmp_path, text))
    for _ in range(2):
        with pytest.raises(error, match=words):
            gatehouse.gate(tmp_path / "home")
        assert not names(tmp_path / "home" / "gate")


def test_a_folder_is_furnished_again_with_other_compilers(site: Site) -> None:
    one, two = (str(site.script(name, f"echo {name}")) for name in ("one", "two"))
    site.furnish({"cc": one, "c++": one})
    site.furnish({"cc": two, "gcc": one})
    assert site.run("cc", "--version") == (0, "two\n", "")
    assert site.run("gcc", "--version") == (0, "one\n", "")
    for inner in ("bin", "real"):
        assert names(site.folder / inner) == ["cc", "gcc"]
