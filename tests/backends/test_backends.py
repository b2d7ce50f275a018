"""What a build section becomes as commands, for every build system."""

from __future__ import annotations

import pytest

from wheelforge.backends import DRIVERS
from wheelforge.backends.options import number, switch
from wheelforge.recipe import Backend, Build, Option

OPTIONS: dict[str, Option] = {
    "on": True,
    "off": False,
    "n": 2,
    "f": 0.5,
    "s": "a b",
    "l": ["x", "y"],
}


def _argv(backend: Backend, **fields: object) -> list[tuple[str, ...]]:
    build = Build(backend=backend, **fields)  # type: ignore[arg-type]
    return [command.argv for command in DRIVERS[backend].commands(build)]


@pytest.mark.parametrize(
    ("value", "as_number", "as_switch"),
    [
        (True, "1", "ON"),
        (False, "0", "OFF"),
        (1, "1", "1"),
        (0, "0", "0"),
        (0.5, "0.5", "0.5"),
        ("armv8.2-a", "armv8.2-a", "armv8.2-a"),
        ("", "", ""),
        (["a", "b"], "a,b", "a;b"),
        ([], "", ""),
    ],
)
def test_option_values(value: Option, as_number: str, as_switch: str) -> None:
    assert number(value) == as_number
    assert switch(value) == as_switch


def test_cmake() -> None:
    configure, build, install = _argv("cmake", options=OPTIONS, directory="sub", targets=("t",))
    assert configure == (
        "cmake", "-S", "@{src}/sub", "-B", "@{build}", "-G", "Ninja",
        "-DCMAKE_INSTALL_PREFIX=@{prefix}",
        "-Don=ON", "-Doff=OFF", "-Dn=2", "-Df=0.5", "-Ds=a b", "-Dl=x;y",
    )  # fmt: skip
    assert build == ("cmake", "--build", "@{build}", "--parallel", "@{jobs}", "--target", "t")
    assert install == ("env", "DESTDIR=@{stage}", "cmake", "--install", "@{build}")


def test_cmake_with_make() -> None:
    configure, *_ = _argv("cmake", generator="Unix Makefiles")
    assert configure[configure.index("-G") + 1] == "Unix Makefiles"
    assert "--target" not in _argv("cmake")[1]


def test_make() -> None:
    build, install = _argv("make", options=OPTIONS, targets=("libs",))
    options = ("on=1", "off=0", "n=2", "f=0.5", "s=a b", "l=x,y")
    assert build == ("make", "-j@{jobs}", *options, "libs")
    assert install == ("make", "install", *options, "PREFIX=@{prefix}", "DESTDIR=@{stage}")


def test_scons() -> None:
    (argv,) = _argv("scons", options=OPTIONS, targets=("build/liba.so",))
    assert argv == (
        "scons", "-j@{jobs}", "on=1", "off=0", "n=2", "f=0.5", "s=a b", "l=x,y", "build/liba.so",
    )  # fmt: skip


def test_pep517_gives_a_list_several_times() -> None:
    (argv,) = _argv(
        "pep517", options={"setup-args": ["-Da=1", "-Db=2"], "x": True}, directory="sub"
    )
    settings = [word for word in argv if word.startswith("--config-setting")]
    assert settings == [
        "--config-setting=setup-args=-Da=1",
        "--config-setting=setup-args=-Db=2",
        "--config-setting=x=1",
    ]
    assert argv[:3] == ("uv", "build", "--wheel")
    assert {"--no-build-isolation", "--offline"} <= set(argv)
    assert argv[-1] == "@{src}/sub"
    assert argv[argv.index("--out-dir") + 1] == "@{wheels}"


def test_setuptools_runs_the_recipes_commands_first() -> None:
    first, last = _argv("setuptools", commands=(("flatc", "a.fbs"),))
    assert first == ("flatc", "a.fbs")
    assert "bdist_wheel" in last


def test_setuptools() -> None:
    (argv,) = _argv("setuptools")
    assert argv == ("@{env}/bin/python", "setup.py", "bdist_wheel", "--dist-dir", "@{wheels}")


def test_script() -> None:
    build = Build(backend="script", commands=(("a", "b c"), ("d",)), directory="sub")
    commands = DRIVERS["script"].commands(build)
    assert [command.argv for command in commands] == [("a", "b c"), ("d",)]
    assert {command.cwd for command in commands} == {"@{src}/sub"}


@pytest.mark.parametrize("backend", sorted(DRIVERS))
def test_labels_are_unique_and_the_tree_is_named_without_a_slash(backend: Backend) -> None:
    build = Build(backend=backend, commands=(("a",), ("b",)) if backend == "script" else ())
    commands = DRIVERS[backend].commands(build)
    labels = [command.label for command in commands]
    assert len(set(labels)) == len(labels)
    assert not any(
        word.endswith("/") for command in commands for word in (*command.argv, command.cwd)
    )
    assert all(command.offline for command in commands)


def test_there_is_a_driver_for_every_backend() -> None:
    assert set(DRIVERS) == {"scons", "cmake", "make", "pep517", "setuptools", "script"}
    for driver in DRIVERS.values():
        assert isinstance(driver.programs, tuple)
