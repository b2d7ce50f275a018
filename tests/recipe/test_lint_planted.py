"""`wheelforge recipe lint` as typed: clean on what is shipped, and no planted fault passes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from builders import SETTING, document, recipe
from wheelforge import catalog, cli
from wheelforge.errors import EXIT_INPUT
from wheelforge.recipe.lint import faults

PATCH = "--- a/x\n+++ b/x\n"
SHA = "0" * 64
GOOD = f"""
name = "planted"
kind = "wheel"
summary = "A wheel in which faults are planted"
license = "MIT"
versions = ["2.0", "1.0"]

[source]
type = "archive"
url = "https://host.test/{{version}}.tgz"

[source.sha256]
"2.0" = "{SHA}"
"1.0" = "{SHA}"

[depends]
openblas = ">=0.3.20"

[depends.when."machine aarch64 and version >=2"]
acl = ">=23.02"

[nested.onednn]
at = "third_party/dnn"
version = "<3.8"

[[patches]]
file = "fix.patch"
sha256 = "{hashlib.sha256(PATCH.encode()).hexdigest()}"
versions = "<2"
why = "a fix"

[build]
backend = "setuptools"
requires = ["numpy==2.2.3; python_version >= '3.10'"]
tools = ["cmake"]
job_variables = ["MAX_JOBS"]

[build.env]
BUILD_VERSION = "{{version}}"
DNN_VERSION = "{{pin.onednn}}"
BLAS_INCLUDE = "{{dep.openblas}}/include"
ARCH = "{{target.acl_arch}}"
COMPILER = "{{toolchain.cc}}"

[build.env.when."with acl and target sve"]
USE_ACL = "1"

[install]
keep = ["include"]

[exports.env]
PLANTED = "{{prefix}}"

[resources]
memory_per_job = "0.5 GiB"

[companions]
torchvision = "*"

[[checks]]
type = "python"
name = "works"
code = "import planted; '{{not}} a name'.format"
"""


def _lint(folder: Path, text: str) -> int:
    folder.mkdir(exist_ok=True)
    (folder / "fix.patch").write_text(PATCH)
    (folder / "planted.toml").write_text(text)
    return cli.main(["recipe", "lint", "planted", "--recipes", str(folder)])


def test_the_recipe_faults_are_planted_in_is_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _lint(tmp_path / "more", GOOD)
    assert (code, capsys.readouterr().out) == (0, "1 recipes, 0 errors\n")


FAULTS = {
    "digest of the wrong length": (f'"2.0" = "{SHA}"', '"2.0" = "abc123"', "64 lower-case"),
    "version without a digest": (f'"2.0" = "{SHA}"\n', "", "no SHA-256 for version 2.0"),
    "digest of no version": ('"2.0" = "0', '"3.0" = "0', "version 3.0 is not in versions"),
    "the same version twice": ('["2.0", "1.0"]', '["2.0", "1.0", "1.0.0"]', "is there twice"),
    "no version": ('["2.0", "1.0"]', '["two"]', "'two' is not a version"),
    "unknown dependency": ("openblas = ", "openblsa = ", "there is no recipe 'openblsa'"),
    "unknown dependency in one variant": ("acl = ", "alc = ", "there is no recipe 'alc'"),
    "unknown nested source": ("[nested.onednn]", "[nested.onednm]", "no recipe 'onednm'"),
    "unknown companion": ("torchvision = ", "torchvisoin = ", "no recipe 'torchvisoin'"),
    "dependency on itself": ("openblas = ", "planted = ", "it refers to itself"),
    "bad specifier": ('">=0.3.20"', '">>0.3.20"', "is not a version specifier"),
    "bad condition": ("machine aarch64 and version", "machin aarch64 and version", "not a condit"),
    "bad version in a condition": ("version >=2", "version =>2", "is not a version specifier"),
    "condition on no recipe": ("with acl and", "with alc and", "there is no recipe 'alc'"),
    "nested source outside": ('"third_party/dnn"', '"../dnn"', "leads outside the tree"),
    "nested source in place of all": ('"third_party/dnn"', '"./"', "replace the whole tree"),
    "result outside": ('keep = ["include"]', 'keep = ["/etc/passwd"]', "leads outside the tree"),
    "result moved outside": (
        'keep = ["include"]',
        'move = { "*.so" = "../lib" }',
        "leads outside the tree",
    ),
    "patch of another digest": ('why = "a fix"', f'why = "a fix"\nsha256 = "{SHA}"', "Cannot over"),
    "patch with another content": (
        hashlib.sha256(PATCH.encode()).hexdigest(),
        SHA,
        f"has SHA-256 {hashlib.sha256(PATCH.encode()).hexdigest()}, not {SHA}",
    ),
    "patch that is not there": ('"fix.patch"', '"mend.patch"', "no patch file 'mend.patch'"),
    "wheel without a check": (GOOD[GOOD.index("[[checks]]") :], "", "needs at least one [[checks"),
    "unknown kind of check": ('type = "python"', 'type = "pyhton"', "pyhton"),
    "check of a folder that is none of its own": (
        'type = "python"',
        'type = "cmake"\ncache = { BLAS = "{dep.openblsa}/lib" }\n[[checks]]\ntype = "python"',
        "'{dep.openblsa}' is not a value",
    ),
    "check of the result by a folder of the build": (
        'type = "python"',
        'type = "file"\npath = "{src}/a"\n[[checks]]\ntype = "python"',
        "'{src}' is not a value",
    ),
    "no amount of memory": ('"0.5 GiB"', '"half a gig"', "an amount of memory"),
    "unknown key": ('summary = "', 'sumary = "', "sumary"),
    "unknown key in a variant": ("USE_ACL = ", "'USE ACL' = ", "USE ACL"),
    "unknown table": ("[resources]", "[resorces]", "resorces"),
    "value of another type": ('USE_ACL = "1"', "USE_ACL = 1", "got 'int'"),
    "name of another file": ('name = "planted"', 'name = "plated"', "'plated' is not a name"),
    "backend that takes no options": (
        'tools = ["cmake"]',
        "options = { A = 1 }",
        "the backend setuptools takes no options",
    ),
    "backend that builds no wheels": ('"setuptools"', '"cmake"', "builds no wheels"),
    "build requirement that is none": ("numpy==2.2.3;", "numpy 2.2.3;", "is not a requirement"),
    "unknown value": ('"{version}"', '"{verison}"', "'{verison}' is not a value"),
    "unknown value of the target": ("{target.acl_arch}", "{target.acl_arhc}", "acl_arhc"),
    "unknown role of the toolchain": ("{toolchain.cc}", "{toolchain.c}", "'{toolchain.c}'"),
    "path of no dependency": ("{dep.openblas}", "{dep.scipy}", "'{dep.scipy}' is not a value"),
    "version of no dependency": ("{pin.onednn}", "{pin.scipy}", "'{pin.scipy}' is not a value"),
    "path in what is exported": ('"{prefix}"', '"{src}"', "'{src}' is not a value"),
    "unknown extension": (
        "[resources]",
        '[audit.dispatch]\nsve3 = ["f_*"]\n\n[resources]',
        "no instruction set extension is called 'sve3'",
    ),
    "not TOML": ("[resources]", "[resources", "planted.toml:"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_found(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, told = FAULTS[fault]
    assert old in GOOD
    assert _lint(tmp_path / "more", GOOD.replace(old, new, 1)) == EXIT_INPUT
    out = capsys.readouterr().out
    lines = [line for line in out.splitlines() if line.startswith("error: ")]
    assert any(told in line for line in out.splitlines()), out
    assert all(str(tmp_path) in line or "host.test" in line for line in lines), out
    assert 1 <= len(lines) <= 2, out


@pytest.mark.parametrize("overlay", ["", "debian", "make", "mpi"])
def test_what_is_shipped_is_sound(overlay: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--overlay", overlay] if overlay else []
    assert cli.main(["recipe", "lint", *words]) == 0
    assert capsys.readouterr().out.endswith("recipes, 0 errors\n")


def test_no_overlay_is_forgotten() -> None:
    folders = (catalog.shipped() / "recipes" / "overlays").iterdir()
    assert {path.name for path in folders if path.is_dir()} == {"debian", "make", "mpi"}


def test_lint_knows_every_value_that_planning_knows() -> None:
    """A value that planning offers, in a recipe that uses it, is no fault."""
    uses = "".join(f"V{number} = '{{{name}}}'\n" for number, name in enumerate(SETTING.values))
    text = recipe(body=f"[build.env]\n{uses}")
    known = {name.removeprefix("target.") for name in SETTING.values if name.startswith("target.")}
    assert list(faults(document(text), frozenset({"demo"}), lambda _path: SHA, known)) == []
