"""The recipe after its conditions were decided: frozen, typed, complete.

As written in TOML any table may also hold `when."CONDITION"` tables (see conditions.py); they are
gone here. Every docstring below is also the description editors show from the JSON Schema.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from wheelforge.recipe.checks import Check
from wheelforge.recipe.terms import (
    Amount,
    Commit,
    Count,
    Digest,
    Levels,
    Minutes,
    Program,
    Project,
    Release,
    SourcePackage,
    Table,
    Variable,
)
from wheelforge.sysroot import Suite
from wheelforge.toolchain import Family

Backend: TypeAlias = Literal["scons", "cmake", "make", "pep517", "setuptools", "script"]
Option: TypeAlias = str | bool | int | float | list[str]


class GitSource(Table, frozen=True, kw_only=True, tag_field="type", tag="git"):
    """A Git repository. `commit` says what the tag must be; a tag that moved is an error."""

    url: str
    tag: str = "v{version}"
    commit: dict[str, Commit] = {}
    submodules: bool = False
    mirrors: tuple[str, ...] = ()


class ArchiveSource(Table, frozen=True, kw_only=True, tag_field="type", tag="archive"):
    """A tar or zip archive with a SHA-256 per version; `strip` leading folders are dropped."""

    url: str
    sha256: dict[str, Digest]
    strip: Levels = 1
    mirrors: tuple[str, ...] = ()


class PypiSource(Table, frozen=True, kw_only=True, tag_field="type", tag="pypi"):
    """The sdist of a project on the package index pip is configured for."""

    sha256: dict[str, Digest]
    project: Project = ""


class DebianPatches(Table, frozen=True, kw_only=True):
    """The patches a Debian source package brings (debian/patches/series), and those left out.

    `sha256` maps a version to the digest of its .debian.tar file, which becomes the folder debian.
    """

    sha256: dict[str, Digest]
    without: tuple[str, ...] = ()


class DebianSource(Table, frozen=True, kw_only=True, tag_field="type", tag="debian"):
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


class PathSource(Table, frozen=True, kw_only=True, tag_field="type", tag="path"):
    """A folder or archive on this machine; a relative path starts at the recipe's own folder."""

    path: str


Source: TypeAlias = GitSource | ArchiveSource | PypiSource | DebianSource | PathSource


class Nested(Table, frozen=True, kw_only=True):
    """Another recipe's source, placed inside this one's tree before patches are applied.

    `at` is replaced when it exists. `version` is a specifier; `--pin NAME=VERSION` decides.
    """

    at: str
    version: str = "*"


class Patch(Table, frozen=True, kw_only=True):
    """A patch file beside the recipe, for the versions in `versions` (a specifier)."""

    file: str
    sha256: Digest
    why: str
    versions: str = "*"
    strip: Levels = 1


class Build(Table, frozen=True, kw_only=True):
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


class SysrootNeeds(Table, frozen=True, kw_only=True):
    """What a cross build has to find in the sysroot: `packages`, as its distribution names them."""

    packages: tuple[str, ...] = ()


class Install(Table, frozen=True, kw_only=True):
    """What of the source tree becomes the library's prefix.

    `keep` copies matching files to the same place; `move` copies matching files into a folder of
    the prefix. Backends with an install target of their own (cmake, make) need neither.
    """

    keep: tuple[str, ...] = ()
    move: dict[str, str] = {}


class Exports(Table, frozen=True, kw_only=True):
    """What dependents get while they are built.

    `env` are variables; `libraries` the folders of the prefix that hold shared libraries.
    """

    env: dict[Variable, str] = {}
    libraries: tuple[str, ...] = ("lib",)


class Resources(Table, frozen=True, kw_only=True):
    """First guesses: memory per job, most jobs that help, processor minutes; disk for doctor."""

    memory_per_job: Amount = "0.5 GiB"
    max_jobs: Count = 0
    cpu_minutes: Minutes = 1.0
    disk: Amount = "1 GiB"


class Trial(Table, frozen=True, kw_only=True):
    """What else is installed where a wheel is tried: `requires`, pinned exactly, markers allowed.

    The requirements that the wheel's METADATA names; wheels that depend on it get them as well.
    What was built here takes the place of what is fetched under the same name.
    """

    requires: tuple[str, ...] = ()


class Probe(Table, frozen=True, kw_only=True):
    """How software that is not built here is found, and which version it is.

    `file` (a glob) is looked for in the folders that the variables `env` name, then in `paths`; the
    first group of the regular expression `pattern` is the version it tells.
    """

    env: tuple[Variable, ...] = ()
    paths: tuple[str, ...] = ()
    file: str
    pattern: str


class External(Table, frozen=True, kw_only=True):
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


class Repair(Table, frozen=True, kw_only=True):
    """How the wheel is repaired.

    `exclude` are libraries that are there where the wheel runs. `into` is a folder of the wheel
    (`torch/lib`): what it needs is put there under its own name, and wheels that depend on this one
    leave out what the folder holds. Without it auditwheel puts them under names that are unique
    into a folder beside.
    """

    exclude: tuple[str, ...] = ()
    into: str = ""


class Audit(Table, frozen=True, kw_only=True):
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


class Recipe(Table, frozen=True, kw_only=True):
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
