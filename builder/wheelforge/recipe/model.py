"""The recipe after its conditions were decided: frozen, typed, complete.

As written in TOML any table may also hold `when."CONDITION"` tables (see conditions.py); they are
gone here. Every docstring below is also the description editors show from the JSON Schema.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from wheelforge.sysroot import Suite
from wheelforge.toolchain import Family

Backend: TypeAlias = Literal["scons", "cmake", "make", "pep517", "setuptools", "script"]
Option: TypeAlias = str | bool | int | float | list[str]

# A description also ends the message about a value that does not fit: "write …". Patterns end so
# because in Python a line end may follow "$".
Digest = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{64}$(?!\n)", description="a SHA-256 in 64 lower-case hexadecimal digits"
    ),
]
Commit = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{40}$(?!\n)", description="a commit in 40 lower-case hexadecimal digits"
    ),
]
Variable = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)", description="the name of an environment variable"
    ),
]
Amount = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,15}(\.[0-9]{1,15})? ?([KMGT]i?)?B?$(?!\n)",
        description='an amount of memory, as "0.5 GiB"',
    ),
]
# what other programs are called with, and what becomes the name of a file or folder
Program = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}$(?!\n)", description="a program's name"),
]
Project = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?)?$(?!\n)",
        description="a project's name, as the package index has it",
    ),
]
SourcePackage = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9+.-]{0,99}$(?!\n)", description="a Debian source package's name"
    ),
]
Release = Annotated[
    str,
    Meta(pattern=r"^[0-9][A-Za-z0-9.+:~-]{0,99}$(?!\n)", description="a Debian version"),
]
Count = Annotated[int, Meta(ge=0, le=1 << 30, description="a whole number, 0 or more")]
Levels = Annotated[int, Meta(ge=0, le=99, description="how many leading folders to drop, 0 to 99")]
Minutes = Annotated[float, Meta(gt=0, le=1e6, description="minutes, more than 0")]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a recipe: unknown keys are errors."""


class GitSource(_Table, frozen=True, kw_only=True, tag_field="type", tag="git"):
    """A Git repository. `commit` says what the tag must be; a tag that moved is an error."""

    url: str
    tag: str = "v{version}"
    commit: dict[str, Commit] = {}
    submodules: bool = False
    mirrors: tuple[str, ...] = ()


class ArchiveSource(_Table, frozen=True, kw_only=True, tag_field="type", tag="archive"):
    """A tar or zip archive with a SHA-256 per version; `strip` leading folders are dropped."""

    url: str
    sha256: dict[str, Digest]
    strip: Levels = 1
    mirrors: tuple[str, ...] = ()


class PypiSource(_Table, frozen=True, kw_only=True, tag_field="type", tag="pypi"):
    """The sdist of a project on the package index pip is configured for."""

    sha256: dict[str, Digest]
    project: Project = ""


class DebianPatches(_Table, frozen=True, kw_only=True):
    """The patches a Debian source package brings (debian/patches/series), and those left out.

    `sha256` maps a version to the digest of its .debian.tar file, which becomes the folder debian.
    """

    sha256: dict[str, Digest]
    without: tuple[str, ...] = ()


class DebianSource(_Table, frozen=True, kw_only=True, tag_field="type", tag="debian"):
    """The upstream tarball of a Debian source package, through the configured apt mirror.

    `release` maps a version to the Debian version that holds it (`"0.3.29" = "0.3.29+ds-3"`).
    Debian's own patches are applied where `patches` is given.
    """

    package: SourcePackage
    suite: Suite
    release: dict[str, Release]
    sha256: dict[str, Digest]
    strip: Levels = 1
    patches: DebianPatches | None = None


class PathSource(_Table, frozen=True, kw_only=True, tag_field="type", tag="path"):
    """A folder or archive on this machine; a relative path starts at the recipe's own folder."""

    path: str


Source: TypeAlias = GitSource | ArchiveSource | PypiSource | DebianSource | PathSource


class Nested(_Table, frozen=True, kw_only=True):
    """Another recipe's source, placed inside this one's tree before patches are applied.

    `at` is replaced when it exists. `version` is a specifier; `--pin NAME=VERSION` decides.
    """

    at: str
    version: str = "*"


class Patch(_Table, frozen=True, kw_only=True):
    """A patch file beside the recipe, for the versions in `versions` (a specifier)."""

    file: str
    sha256: Digest
    why: str
    versions: str = "*"
    strip: Levels = 1


class Build(_Table, frozen=True, kw_only=True):
    """How the source is built. What `options` become depends on the backend:

    scons `name=value`; cmake `-Dname=value` (with `generator`); make `name=value`; pep517 config
    settings; setuptools and script take none. `commands` are all there is to script, and run before
    setuptools makes the wheel. `requires` are build requirements of wheels, pinned
    exactly; `tools` are programs put on PATH; `job_variables` receive the number of jobs granted.
    `path_map` says who tells compilers to leave the build's folders out of what they make: the
    flags, or the gate, for what keeps its flags in its result, and with them these folders.
    """

    backend: Backend
    generator: Literal["Ninja", "Unix Makefiles"] = "Ninja"
    directory: str = ""
    targets: tuple[str, ...] = ()
    options: dict[str, Option] = {}
    env: dict[Variable, str] = {}
    requires: tuple[str, ...] = ()
    tools: tuple[Program, ...] = ()
    languages: tuple[Literal["c", "c++", "fortran"], ...] = ("c", "c++")
    commands: tuple[tuple[str, ...], ...] = ()
    job_variables: tuple[Variable, ...] = ()
    path_map: Literal["flags", "gate"] = "flags"
    network: bool = False
    timeout_minutes: Minutes | None = None


class SysrootNeeds(_Table, frozen=True, kw_only=True):
    """What a cross build has to find in the sysroot: `packages`, as its distribution names them."""

    packages: tuple[str, ...] = ()


class Install(_Table, frozen=True, kw_only=True):
    """What of the source tree becomes the library's prefix.

    `keep` copies matching files to the same place; `move` copies matching files into a folder of
    the prefix. Backends with an install target of their own (cmake, make) need neither.
    """

    keep: tuple[str, ...] = ()
    move: dict[str, str] = {}


class Exports(_Table, frozen=True, kw_only=True):
    """What dependents get while they are built.

    `env` are variables; `libraries` the folders of the prefix that hold shared libraries.
    """

    env: dict[Variable, str] = {}
    libraries: tuple[str, ...] = ("lib",)


class Resources(_Table, frozen=True, kw_only=True):
    """First guesses: memory per job, most jobs that help, processor minutes; disk for doctor."""

    memory_per_job: Amount = "0.5 GiB"
    max_jobs: Count = 0
    cpu_minutes: Minutes = 1.0
    disk: Amount = "1 GiB"


class Trial(_Table, frozen=True, kw_only=True):
    """What else is installed where a wheel is tried: `requires`, pinned exactly, markers allowed.

    The requirements that the wheel's METADATA names; wheels that depend on it get them as well.
    What was built here takes the place of what is fetched under the same name.
    """

    requires: tuple[str, ...] = ()


class Probe(_Table, frozen=True, kw_only=True):
    """How software that is not built here is found, and which version it is.

    `file` (a glob) is looked for in the folders that the variables `env` name, then in `paths`; the
    first group of the regular expression `pattern` is the version it tells.
    """

    env: tuple[Variable, ...] = ()
    paths: tuple[str, ...] = ()
    file: str
    pattern: str


class External(_Table, frozen=True, kw_only=True):
    """Software that has to be installed by hand.

    `version` is one version, a specifier, or a table of these by the recipe's own versions. `ask`
    says how to come by it; `{external.version}` is the version that is needed. `needed` to build,
    so that a build is refused without it, or only to run the wheel.
    """

    name: str
    version: str | dict[str, str] = "*"
    probe: Probe
    ask: str
    needed: Literal["build", "run"] = "build"

    def wanted(self, version: str) -> str | None:
        """What is needed for a version of the recipe, as written; None where nothing is said."""
        return self.version if isinstance(self.version, str) else self.version.get(version)


class Repair(_Table, frozen=True, kw_only=True):
    """How the wheel is repaired.

    `exclude` are libraries that are there where the wheel runs. `into` is a folder of the wheel
    (`torch/lib`): what it needs is put there under its own name, and wheels that depend on this one
    leave out what the folder holds. Without it auditwheel puts them under names that are unique
    into a folder beside.
    """

    exclude: tuple[str, ...] = ()
    into: str = ""


class Audit(_Table, frozen=True, kw_only=True):
    """What an audit has to know: above all code that is chosen at run time.

    `dispatch` maps an extension (or a glob of them: `sve*`) to globs of the symbols that only run
    where the processor has it, mangled or as `wheelforge audit` shows them; `file:GLOB` means the
    functions that are local to a source file. They hold for the recipe's own wheel, and for files
    that match the globs of names `libraries`, wherever they are.

    `accept` are rules for wheels whose errors are only warnings for this one.
    """

    accept: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    dispatch: dict[str, tuple[str, ...]] = {}


class FileCheck(_Table, frozen=True, kw_only=True, tag_field="type", tag="file"):
    """Exactly `count` files match the glob `path`."""

    path: str
    count: Count = 1


class ElfCheck(_Table, frozen=True, kw_only=True, tag_field="type", tag="elf"):
    """Every file matching `path` (at least one) is ELF, holds the strings, needs the libraries."""

    path: str
    contains: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    min_alignment: Count = 0


class Primitives(_Table, frozen=True, kw_only=True):
    """What oneDNN has to run while a check's code runs, by what it prints where `variable` is 1.

    `ran` maps a primitive (matmul, convolution …) to globs of implementations: it is run at least
    once, and each time by one that matches. No primitive at all may be run by one that matches a
    glob of `refused`.
    """

    ran: dict[str, tuple[str, ...]]
    refused: tuple[str, ...] = ("ref*", "*:ref*")
    variable: Variable = "DNNL_VERBOSE"


class PythonCheck(_Table, frozen=True, kw_only=True, tag_field="type", tag="python"):
    """Code that must end without an exception in a clean environment with the wheel installed.

    `primitives` says which of a library's implementations have to be run by it.
    """

    name: str
    code: str
    primitives: Primitives | None = None


class CommandsCheck(_Table, frozen=True, kw_only=True, tag_field="type", tag="commands"):
    """What the command of every compile said, as the build kept it.

    `every` are options that each command has to have: alternatives (globs) joined by `|`, and of
    -O, -std=, -march=, -mcpu= and -mtune= the last counts. `flags` are the target's, which no later
    -march may have replaced, but for sources that match the globs `own`. Only `sources` are looked
    at, and of them neither those that match `without` nor those in other `languages`. In these
    globs, of paths below the source tree or the work folder, `*` matches `/`, too. `required`: a
    build that kept no commands is refused instead of told.
    """

    every: tuple[str, ...] = ()
    flags: str = ""
    own: tuple[str, ...] = ()
    sources: tuple[str, ...] = ("*",)
    without: tuple[str, ...] = ()
    languages: tuple[Literal["c", "c++", "fortran"], ...] = ("c", "c++", "fortran")
    required: bool = False


class CMakeCheck(_Table, frozen=True, kw_only=True, tag_field="type", tag="cmake"):
    """What the variables of CMakeCache.txt were when the build ended.

    `cache` maps each to its value: true or false, or a glob. NAME:TYPE asks for the type, too: an
    option that depends on others stays as it was asked for and becomes INTERNAL when it is dropped.
    `path` is a glob of the caches meant, below the source tree or the work folder; without it the
    outermost is. `required`: a build that kept none is refused instead of told.
    """

    cache: dict[str, str | bool]
    path: str = ""
    required: bool = False


Check: TypeAlias = FileCheck | ElfCheck | PythonCheck | CommandsCheck | CMakeCheck
BuildCheck: TypeAlias = CommandsCheck | CMakeCheck  # of how it was built
BUILD_CHECKS = (CommandsCheck, CMakeCheck)


class Recipe(_Table, frozen=True, kw_only=True):
    """One package: where its source is, how it is built, what its dependents are told.

    `depends` and `companions` map recipe names to specifiers of their versions; a wheel's
    companions are built with it. `compilers` maps a compiler family (gcc, clang, fujitsu) to a
    specifier of the versions that can compile it. `distribution` is what the wheel calls itself
    where that is not the recipe's name.
    """

    name: str
    kind: Literal["library", "wheel", "source"]
    summary: str
    license: str
    versions: tuple[str, ...]
    source: Source
    homepage: str = ""
    distribution: Project = ""
    notes: str = ""
    depends: dict[str, str] = {}
    nested: dict[str, Nested] = {}
    patches: tuple[Patch, ...] = ()
    build: Build | None = None
    sysroot: SysrootNeeds = SysrootNeeds()
    install: Install = Install()
    exports: Exports = Exports()
    resources: Resources = Resources()
    repair: Repair = Repair()
    trial: Trial = Trial()
    audit: Audit = Audit()
    external: tuple[External, ...] = ()
    checks: tuple[Check, ...] = ()
    companions: dict[str, str] = {}
    compilers: dict[Family, str] = {}
