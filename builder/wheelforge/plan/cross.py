"""What a cross build is told beyond its compilers: a toolchain file, variables, where to look.

Everything that is searched for is found in the sysroot, in the dependencies' prefixes and in the
step's own folder, and nowhere else on this machine; programs are this machine's own.
"""

from __future__ import annotations

from collections.abc import Collection

from wheelforge.plan.offers import Offer
from wheelforge.plan.setting import Setting
from wheelforge.toolchain import SYSROOT

TOOLCHAIN_FILE = "toolchain.cmake"

# binfmt_misc runs the target's programs; CMake only wants a word to put before them
_CMAKE = """\
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR {machine})
set(CMAKE_SYSROOT "{sysroot}")
set(CMAKE_CROSSCOMPILING_EMULATOR "/usr/bin/env")
set(CMAKE_FIND_ROOT_PATH {roots})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
"""
_TRIPLET = "set(CMAKE_LIBRARY_ARCHITECTURE {triplet})\n"
# forced: a setup.py may say what sysconfig does, a folder of this machine (torchaudio)
_PYTHON = (
    'set({name}_INCLUDE_DIR "{include}" CACHE PATH "of the Python that wheels are for" FORCE)\n'
)
_PYTHONS = ("Python", "Python3", "PYTHON")  # FindPython, FindPython3, FindPythonLibs and pybind11


def files(setting: Setting, libraries: Collection[Offer], *, with_python: bool) -> dict[str, str]:
    """Files to be laid into the work folder before anything runs, by name; none when not crossing.

    With CMAKE_SYSTEM_NAME set, CMake and what reads it know that this machine is not the target:
    OpenBLAS, for one, then takes its TARGET's parameters from a table.
    """
    sysroot = setting.compilers.sysroot
    if sysroot is None:
        return {}
    # CMake looks for everything in the first root, then for everything in the next
    roots = (*(offer.prefix for offer in libraries), "@{work}", SYSROOT)
    text = _CMAKE.format(
        machine=sysroot.machine, sysroot=SYSROOT, roots=" ".join(f'"{root}"' for root in roots)
    )
    if sysroot.triplet:
        text += _TRIPLET.format(triplet=sysroot.triplet)
    if with_python:
        include = setting.python_include
        text += "".join(_PYTHON.format(name=name, include=include) for name in _PYTHONS)
    return {TOOLCHAIN_FILE: text}


def variables(setting: Setting) -> dict[str, str]:
    """The variables of every build, none when not crossing.

    pkg-config reads the sysroot's files and not this machine's. It is not told the sysroot itself
    (PKG_CONFIG_SYSROOT_DIR), which it would put before the dependencies' folders, too.
    """
    sysroot = setting.compilers.sysroot
    if sysroot is None:
        return {}
    folders = [*(f"{folder}/pkgconfig" for folder in sysroot.folders), "usr/share/pkgconfig"]
    return {
        **setting.python.env,
        "QEMU_LD_PREFIX": SYSROOT,
        "CMAKE_TOOLCHAIN_FILE": f"@{{work}}/{TOOLCHAIN_FILE}",
        "PKG_CONFIG_LIBDIR": ":".join(f"{SYSROOT}/{folder}" for folder in folders),
    }


def link_flags(setting: Setting, libraries: Collection[Offer]) -> str:
    """Where the linker finds the libraries that libraries need.

    Only a native linker looks into LD_LIBRARY_PATH (ld(1), -rpath-link).
    """
    if setting.compilers.sysroot is None:
        return ""
    folders = [offer.libraries for offer in libraries if offer.libraries]
    return " ".join(f"-Wl,-rpath-link,{folder}" for item in folders for folder in item.split(":"))
