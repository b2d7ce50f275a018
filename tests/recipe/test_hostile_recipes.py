"""Recipes, toolchains and sysroots made to do harm: refused when they are read."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from builders import CONDITIONS, SHA, document, recipe, refusal
from wheelforge import catalog
from wheelforge.catalog import Catalog
from wheelforge.recipe import Layer
from wheelforge.recipe.places import lines

DEBIAN = """type = "debian"
package = {package}
suite = {suite}
release = {{ "1.0" = {release} }}
sha256 = {{ "1.0" = "{digest}" }}
"""
GIT = 'type = "git"\nurl = "https://host.test/x"\n[source.commit]\n"1.0" = {}\n'
EXTERNAL = """[[external]]
name = "x"
ask = "y"
probe = {{ file = "{}", pattern = '''{}''' }}
"""
CHECK = "[[checks]]\ntype = 'file'\npath = '{}'"


def debian(package: str = "'x'", suite: str = "'sid'", release: str = "'1.0-1'") -> str:
    return DEBIAN.format(package=package, suite=suite, release=release, digest=SHA)


@pytest.mark.parametrize(
    ("body", "source", "key"),
    [
        ("", debian(package="'-oAPT::Update::Pre-Invoke::=id'"), "source.package"),
        ("", debian(suite='"sid\\nTrusted: yes"'), "source.suite"),
        ("", debian(suite="'../../x'"), "source.suite"),
        ("", debian(release="'1.0 -x'"), 'source.release."1.0"'),
        ("", GIT.format(f'"{"a" * 40}\\n"'), 'source.commit."1.0"'),
        ('[build.env]\n"A\\n" = "1"', "", 'build.env."A\\u000a"'),
        ("[build]\nbackend = 'script'\ntools = ['../sh']", "", "build.tools[0]"),
        ("[build]\nbackend = 'script'\ntools = ['-c']", "", "build.tools[0]"),
        ("[resources]\nmemory_per_job = '" + "9" * 400 + "G'", "", "resources.memory_per_job"),
        (CHECK.format("/etc/*"), "", "checks[0].path"),
        (CHECK.format("../*"), "", "checks[0].path"),
        (CHECK.format(""), "", "checks[0].path"),
        (CHECK.format("a**b"), "", "checks[0].path"),
        (CHECK.format("**/**/**/x"), "", "checks[0].path"),
        (EXTERNAL.format("/**/x", "(x)"), "", "external[0].probe.file"),
        (EXTERNAL.format("x", "(x){99999999999}"), "", "external[0].probe.pattern"),
        (EXTERNAL.format("x", "(" * 900), "", "external[0].probe.pattern"),
        (EXTERNAL.format("x", "(x)" * 400), "", "external[0].probe.pattern"),
        ("[depends]\nother = '==" + "1" * 5000 + "'", "", "depends.other"),
    ],
)
def test_what_would_become_a_command_or_a_path(body: str, source: str, key: str) -> None:
    build = "" if body.startswith("[build]") else '[build]\nbackend = "script"\n'
    text = recipe(body=body, build=build, source=source)
    error = refusal(lambda: document(text).evaluate(CONDITIONS))
    assert error.where.partition(": ")[2].replace("\n", "\\u000a") == key


def test_what_a_wheel_may_be_called() -> None:
    text = recipe(kind="wheel", head='distribution = "$(id)"', build="").replace(
        "[source]", '[build]\nbackend = "pep517"\n[source]'
    )
    assert "distribution" in refusal(lambda: document(text).evaluate(CONDITIONS)).where


@pytest.mark.parametrize("version", ["1" * 5000, "1." * 60 + "1"])
def test_a_version_that_is_no_folders_name(version: str) -> None:
    text = recipe(versions=[version])
    assert "is not a version" in refusal(lambda: document(text).versions).what


def layer(folder: Path, data: bytes) -> Layer:
    (folder / "x.toml").write_bytes(data)
    return Layer.load(folder / "x.toml", "x.toml")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"a = " + b"[" * 100_000, "not valid TOML"),
        (b"a = " + b"[" * 200 + b"]" * 200, "nested more than 100 deep"),
        (b".".join([b"a"] * 5000) + b" = 1", "not valid TOML"),
        (b".".join([b"a"] * 500) + b" = 1", "nested more than 100 deep"),
        (b"[" + b".".join([b"a"] * 500) + b"]\nb = 1", "nested more than 100 deep"),
        (b"a = " + b"1" * 5000, "not valid TOML"),
        (b"a = 0x" + b"f" * 5000, "more than 64 bits"),
        (b"a = [{b = [9223372036854775808]}]", "more than 64 bits"),
        (b"a = '\x1b'", "not valid TOML"),
        (b"a = '" + b"x" * (1 << 20) + b"'", "larger than recipe-bytes allows"),
    ],
)
def test_toml_that_asks_for_memory(tmp_path: Path, data: bytes, why: str) -> None:
    error = refusal(partial(layer, tmp_path, data))
    assert why in error.what
    assert error.where.startswith("x.toml")


def test_a_recipe_that_is_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.toml")
    error = refusal(lambda: Layer.load(tmp_path / "x.toml", "x.toml"))
    assert (error.what, error.where) == ("is not a regular file", "x.toml")


def test_a_statement_of_a_hundred_thousand_lines() -> None:
    """Every line of it used to parse all before it: hours, for a message's line number."""
    found = lines("a = 1\nb = [\n" + "1,\n" * 100_000 + "]\nc = 1\n")
    assert found == {("a",): 1}


def test_more_conditions_than_can_be_tried_in_pairs() -> None:
    tables = "".join(f"[build.when.'version >=0.{n}']\nnetwork = true\n" for n in range(101))
    error = refusal(lambda: list(document(recipe(body=tables)).variants()))
    assert "101 conditional tables" in error.what


def toolchain(folder: Path, **values: str) -> Path:
    known = {"name": "'x'", "summary": "'x'", "family": "'gcc'", "programs": "{ cc = ['cc'] }"}
    path = folder / "chain.toml"
    path.write_text("".join(f"{key} = {text}\n" for key, text in (known | values).items()))
    return path


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"name": '"x\\nrm -rf ~"'}, "name"),
        ({"arguments": '{ cc = "\'" }'}, "cc"),
        ({"flags": "'\"'"}, "flags"),
        ({"version_pattern": "'(a){99999999999}'"}, "version_pattern"),
        ({"minimum": "'" + "1" * 5000 + "'"}, "minimum"),
    ],
)
def test_a_toolchain_that_is_refused(tmp_path: Path, values: dict[str, str], where: str) -> None:
    path = toolchain(tmp_path, **values)
    error = refusal(lambda: catalog.load_toolchain(str(path)))
    assert error.where.endswith(f": {where}")


def test_a_target_is_named_as_a_folder_could_be(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(
        "name = '$(id)'\nsummary = ''\nmachine = 'x86_64'\narchspec = 'haswell'\n"
    )
    error = refusal(lambda: catalog.load_target(str(tmp_path / "t.toml")))
    assert error.what == "'$(id)' cannot be the name of a folder"


@pytest.mark.parametrize(
    "line",
    [
        "suite = '--setup-hook=id'",
        "architecture = '-x'",
        "packages = ['-oDPkg::Pre-Invoke::=id']",
        "packages = ['libc6-dev,-x']",
        "components = ['--x']",
    ],
)
def test_a_sysroots_words_are_no_options(tmp_path: Path, line: str) -> None:
    known = {
        "name": "'x'", "summary": "''", "distribution": "'Debian'", "suite": "'sid'",
        "architecture": "'arm64'", "machine": "'aarch64'", "packages": "['libc6-dev']",
    }  # fmt: skip
    key, _, value = line.partition(" = ")
    text = "".join(f"{name} = {said}\n" for name, said in (known | {key: value}).items())
    (tmp_path / "s.toml").write_text(text)
    error = refusal(lambda: catalog.load_sysroot(str(tmp_path / "s.toml")))
    assert key in error.where


def test_a_row_of_the_compatibility_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "compatibility").mkdir()
    (tmp_path / "compatibility" / "t.toml").write_text(
        "[[row]]\nid = 'r'\nlevel = 'breaks'\nwhy = ''\nsource = ''\nwhen = { a = 'new' }\n"
    )
    error = refusal(Catalog((tmp_path,)).rows)
    assert error.where.endswith("t.toml: row r: a")
