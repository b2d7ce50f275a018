# SPDX-License-Identifier: Apache-2.0
"""Builds minivision against the minitorch that is installed where this runs.

Read from the environment:
  BUILD_VERSION    the version
  PYTORCH_VERSION  pins the requirement to minitorch==<that>; unpinned if unset
  MAX_JOBS         extensions compiled at a time
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

try:
    import minitorch
except ImportError as error:
    sys.exit(
        f"minivision is built against an installed minitorch, which cannot be imported: {error}"
    )

ROOT = Path(__file__).resolve().parent


def build_version() -> str:
    version = (ROOT / "version.txt").read_text(encoding="utf-8").strip() + "a0+git0000000"
    return os.environ.get("BUILD_VERSION", version)


def requirement() -> str:
    pinned = os.environ.get("PYTORCH_VERSION")
    return f"minitorch=={pinned}" if pinned else "minitorch"


def extension(name: str, *sources: str) -> Extension:
    return Extension(
        f"minivision.{name}",
        sources=[f"minivision/csrc/{source}" for source in sources],
        depends=["minivision/csrc/buffers.hpp"],
        include_dirs=[minitorch.utils.include_dir()],
        library_dirs=[minitorch.utils.lib_dir()],
        libraries=["minitorch"],
        language="c++",
        extra_compile_args=["-std=c++17", "-Wall", "-Wextra", "-g0", "-fvisibility=hidden"],
        # No RPATH: importing minitorch first has loaded libminitorch.so.
        extra_link_args=["-Wl,-z,max-page-size=0x10000"],
    )


class BuildExt(build_ext):
    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = int(os.environ.get("MAX_JOBS", os.cpu_count() or 1))


class BuildPy(build_py):
    def run(self) -> None:
        super().run()
        version_file = Path(self.build_lib) / "minivision/version.py"
        version_file.write_text(
            f'__version__ = "{build_version()}"\nminitorch_version = "{minitorch.__version__}"\n',
            encoding="utf-8",
        )


setup(
    name="minivision",
    version=build_version(),
    description="A small companion of minitorch",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.9",
    install_requires=[requirement()],
    packages=find_packages(include=["minivision", "minivision.*"]),
    ext_modules=[extension("_C", "ops.cpp"), extension("_image", "image.cpp")],
    cmdclass={"build_ext": BuildExt, "build_py": BuildPy},
    zip_safe=False,
)
