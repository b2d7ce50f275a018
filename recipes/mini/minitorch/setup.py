# SPDX-License-Identifier: Apache-2.0
"""Builds minitorch: CMake and ninja make libminitorch, setuptools makes the binding and the wheel.

Read from the environment:
  USE_*, BUILD_*, CMAKE_*, BLAS     forwarded to CMake as they are
  ACL_ROOT_DIR, MiniBLAS_HOME       read by CMake itself
  MAX_JOBS                          compilers at a time; ninja decides if unset
  DEBUG                             1 for a debug build
  MINITORCH_BUILD_VERSION, _NUMBER  the version, and .postN for a number above 1
With --cmake-only on the command line the build ends after CMake has configured.
"""

import os
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
CMAKE_BUILD = ROOT / "build"
PAGE_SIZE = "-Wl,-z,max-page-size=0x10000"

FORWARDED_PREFIXES = ("USE_", "BUILD_", "CMAKE_")
FORWARDED_NAMES = {"BLAS"}
# CMake takes these from the environment itself; as -D they would mean something else.
READ_BY_CMAKE = {"CMAKE_BUILD_PARALLEL_LEVEL", "CMAKE_GENERATOR", "CMAKE_PREFIX_PATH"}

CMAKE_ONLY = "--cmake-only" in sys.argv
if CMAKE_ONLY:
    sys.argv.remove("--cmake-only")


def build_version() -> str:
    version = os.environ.get("MINITORCH_BUILD_VERSION")
    if version is None:
        return (ROOT / "version.txt").read_text(encoding="utf-8").strip() + "a0+git0000000"
    number = int(os.environ.get("MINITORCH_BUILD_NUMBER", "1"))
    return f"{version}.post{number}" if number > 1 else version


def check_submodules() -> None:
    if not (ROOT / "third_party/minidnn/CMakeLists.txt").is_file():
        sys.exit(
            "Could not find third_party/minidnn/CMakeLists.txt:"
            " put the pinned minidnn sources there first"
        )


def cmake_definitions() -> dict[str, str]:
    defaults = {
        "CMAKE_BUILD_TYPE": "Debug" if os.environ.get("DEBUG") == "1" else "Release",
        "MINITORCH_VERSION": build_version(),
    }
    forwarded = {
        name: value
        for name, value in sorted(os.environ.items())
        if name in FORWARDED_NAMES or name.startswith(FORWARDED_PREFIXES)
        if name not in READ_BY_CMAKE
    }
    return defaults | forwarded


def run(*command: object) -> None:
    arguments = [str(word) for word in command]
    print(" ".join(arguments), flush=True)
    if code := subprocess.call(arguments, cwd=ROOT):
        sys.exit(f"{arguments[0]} failed with exit code {code}")


def configure() -> None:
    definitions = [f"-D{name}={value}" for name, value in cmake_definitions().items()]
    run("cmake", "-GNinja", "-S", ROOT, "-B", CMAKE_BUILD, *definitions)


def build_core(package: Path) -> None:
    jobs = os.environ.get("MAX_JOBS")
    run("cmake", "--build", CMAKE_BUILD, *(["--", "-j", jobs] if jobs else []))
    run("cmake", "--install", CMAKE_BUILD, "--prefix", package)


class BuildExt(build_ext):
    def run(self) -> None:
        check_submodules()
        configure()
        if CMAKE_ONLY:
            return
        package = Path(self.get_ext_fullpath("minitorch._C")).parent
        build_core(package)
        self.extensions[0].library_dirs.append(str(package / "lib"))
        super().run()


class BuildPy(build_py):
    def run(self) -> None:
        super().run()
        version_file = Path(self.build_lib) / "minitorch/version.py"
        version_file.write_text(f'__version__ = "{build_version()}"\n', encoding="utf-8")


setup(
    name="minitorch",
    version=build_version(),
    description="A small tensor library with the build of a large one",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.9",
    packages=find_packages(include=["minitorch", "minitorch.*"]),
    ext_modules=[
        Extension(
            "minitorch._C",
            sources=["minitorch/csrc/module.c"],
            include_dirs=["include"],
            libraries=["minitorch"],
            extra_compile_args=["-Wall", "-Wextra", "-g0"],
            extra_link_args=["-Wl,-rpath,$ORIGIN/lib", PAGE_SIZE],
        )
    ],
    cmdclass={"build_ext": BuildExt, "build_py": BuildPy},
    zip_safe=False,
)
