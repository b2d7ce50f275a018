"""All that an audit may find, as a table: documentation, SARIF and findings are made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wheelforge import digest
from wheelforge.audit.findings import Finding

if TYPE_CHECKING:
    from wheelforge.audit.findings import Level

_REVISION = 1  # to be raised when a rule judges otherwise and its row stays as it is


class Rule(NamedTuple):
    """What may be wrong, how bad that is unless the finding says otherwise, why, and the mend."""

    id: str
    text: str
    level: Level
    why: str
    mend: str


_ROWS: tuple[tuple[str, str, Level, str, str], ...] = (
    ("isa.machine", "A library is for another machine than the target", "error",
     "no instruction of it runs there", "name the target it was built for with --target"),
    ("isa.outside", "Functions need instructions that the target lacks", "error",
     "there they end with SIGILL",
     ("build it for this target, or name the functions in [audit] dispatch of its recipe if they "
     "are chosen at run time")),
    ("isa.doubtful", "What looks like instructions the target lacks may be data", "warning",
     "nothing in the file says whether it is code",
     "look at it in a disassembler, or audit the library before it is stripped"),
    ("elf.unsound", "An ELF file contradicts itself", "error",
     "the loader refuses it, or reads what nobody wrote", "build or copy it again"),
    ("elf.sections", "A library has no section headers", "warning",
     "its symbols and their versions cannot be judged", "do not strip section headers"),
    ("elf.debug", "Debugging sections are left in", "warning",
     "every installation carries them, and nobody who has the wheel has the sources",
     "strip --strip-debug before the wheel is packed, or link with -Wl,-s"),
    ("elf.symbols", "A library is not stripped", "note",
     "its symbol table takes room; by it crashes have names", "strip --strip-unneeded, or keep it"),
    ("load.path", "A search path leads outside of the wheel, to a fixed place", "error",
     ("that is a folder of the build machine: elsewhere it is missing, or holds another library; "
     "and whoever can write there runs code in every process"),
     "patchelf --set-rpath with $ORIGIN alone; auditwheel repair does so for what it grafts"),
    ("load.missing", "A library that is needed is found nowhere", "error",
     "the import fails with 'cannot open shared object file'",
     "let the repair copy it into the wheel, and the search path lead to it by $ORIGIN"),
    ("load.unreached", "A library is in the wheel, and no search path leads to it", "warning",
     "the import fails, unless the package loads that library itself before",
     "patchelf --set-rpath with $ORIGIN and the way there, or let the repair do it"),
    ("load.companion", "A library has to come from another package, not looked at", "note",
     "whether it is there was not judged", "give that package's wheel too"),
    ("load.site", "A library has to be there where the wheel runs", "note",
     "its recipe leaves it out: an MPI, a driver, what the package loads itself",
     "install it there"),
    ("load.python", "A library needs libpython", "error",
     "interpreters are built without it, and where there is one it is a second interpreter",
     "link extension modules without -lpython"),
    ("load.undefined", "A symbol is defined nowhere", "error",
     "the import fails, or the call that first uses it ends the process",
     "link the library that has it, or compile the source that was left out"),
    ("load.version", "A library in the wheel lacks a version that another one asks for", "error",
     "the import fails with 'version … not found'",
     "link against the library that is in the wheel, or copy the one that was linked"),
    ("map.alignment", "Segments are aligned to less than a page", "warning",
     ("where a page is larger the loader refuses the library: 'ELF load command address/offset not "
     "page-aligned'. AArch64 has nodes with pages of 64 KiB, A64FX among them"),
     "link with -Wl,-z,max-page-size=65536; patchelf leaves segments as they are"),
    ("map.stack", "A library asks for an executable stack", "error",
     "the whole process loses that protection; glibc 2.41 and SELinux refuse it",
     "give assembly .section .note.GNU-stack, or link with -Wl,-z,noexecstack"),
    ("map.relocations", "Relocations are in the code", "error",
     "the code is made writable and not shared between processes; SELinux refuses it",
     "compile with -fPIC everything that is linked into it"),
    ("map.writable", "A segment is writable and executable", "error",
     "hardened systems refuse it", "link without -N and without --omagic"),
    ("map.relro", "Relocated data stays writable", "warning",
     "a write out of bounds can redirect every call", "link with -Wl,-z,relro -Wl,-z,now"),
    ("map.lazy", "Calls are bound when they are made", "note",
     "the table of addresses stays writable (partial RELRO)", "link with -Wl,-z,now"),
    ("runtime.openmp", "There are two OpenMP runtimes", "error",
     "each has threads for every core and pins its own: calls take twice the cores, or stand still",
     "link everything against one, and graft it once"),
    ("runtime.hashed", "The OpenMP runtime is grafted under a name of its own", "warning",
     ("whatever else brings libgomp.so.1 into the process, torch.compile and other wheels among "
     "them, loads a second one"),
     "keep its SONAME: [repair] into of a recipe does"),
    ("runtime.blas", "There are two BLAS libraries", "warning",
     "each has its own threads, and results depend on which of them a symbol binds to",
     "build everything against one"),
    ("runtime.mpi", "An MPI is grafted", "error",
     "it does not know the site's network and launcher: jobs hang, or run as many single ones",
     "[repair] exclude of its recipe, so that the site's own is found"),
    ("runtime.copied", "A library of the package it was built against is there again", "error",
     "the two copies know nothing of each other: types are not equal, operators register twice",
     "exclude it from the repair"),
    ("runtime.cxx", "The C++ or GCC runtime is grafted", "warning",
     "next to the system's own, which other libraries load, exceptions and locales break",
     "build with an older toolchain, so that the system's serves, and leave it out of the wheel"),
    ("runtime.libc", "A part of the C library or its loader is grafted", "error",
     "these only work in the version that started the process",
     "exclude it from the repair; every system has its own"),
    ("tag.floor", "The tag promises older systems than the libraries run on", "error",
     "pip installs it there, and the import fails with 'version GLIBC_… not found'",
     "build on an older system or against an older sysroot, or let auditwheel choose the tag"),
    ("tag.linux", "The platform tag says linux and no more", "warning",
     "no index takes it, and nothing says which systems it runs on", "auditwheel repair"),
    ("tag.machine", "A library is for another machine than the tag says", "error",
     "pip installs it where it cannot be loaded",
     "build it for that machine, or correct the tag with `wheel tags`"),
    ("tag.any", "The tag says any platform, and there is machine code in it", "error",
     "pip installs it everywhere, and it loads on one machine",
     "give the distribution ext_modules, or set bdist_wheel's plat_name"),
    ("tag.python", "Extension modules are for another Python than the tag says", "error",
     "the Python that installs it does not see them", "build with the Python of the tag"),
    ("wheel.file", "The WHEEL file is missing or incomplete", "error",
     "installers refuse the wheel", "pack it with a build backend or `wheel pack`"),
    ("wheel.tags", "The WHEEL file has other tags than the file's name", "warning",
     ("what is installed says of itself that it is something else: tools that ask it reinstall or "
     "refuse it; a build number only in the name is lost"),
     "retag with `wheel tags` or auditwheel, not by renaming"),
    ("wheel.pure", "The WHEEL file says that there is no machine code", "error",
     "it is installed into purelib, which other machines may share",
     "give the distribution ext_modules, or set root_is_pure = False"),
    ("record.missing", "There is no RECORD", "error",
     "installers refuse the wheel, and nothing proves its files", "pack it with `wheel pack`"),
    ("record.row", "RECORD has a row that cannot be used", "error",
     "installers refuse it, or leave the file unproven", "pack it again with `wheel pack`"),
    ("record.digest", "A file is not what RECORD says", "error",
     "it was changed after the wheel was made", "find out by whom; pack it with `wheel pack`"),
    ("record.absent", "RECORD lists a file that is not there", "error",
     "something was taken out after the wheel was made", "pack it again with `wheel pack`"),
    ("record.extra", "A file is not in RECORD", "error",
     "something was put in after the wheel was made; uninstalling leaves it behind",
     "pack it again with `wheel pack`"),
    ("metadata.invalid", "METADATA is missing or not valid", "error",
     "indexes refuse it, and installers read what is not meant", "correct the project's metadata"),
    ("metadata.dated", "METADATA has fields that are newer than its Metadata-Version", "note",
     "strict readers refuse it; setuptools before 77 writes License-File so",
     "build with setuptools 77 or newer"),
    ("metadata.name", "METADATA and the file's name disagree", "error",
     "installers refuse it", "build it again; do not rename wheels"),
    ("version.git", "The version is that of a checkout, not of a release", "error",
     "no requirement of the release accepts it",
     "set the version the build reads: PYTORCH_BUILD_VERSION, BUILD_VERSION, SETUPTOOLS_SCM_…"),
    ("version.local", "The version has a local part", "warning",
     "no index of others takes it, and ==X of a companion accepts it only as it happens",
     "leave distribution patches out that change the version"),
    ("pins.companion", "The package it was built against is not pinned", "error",
     "another version has another binary interface: it loads, and fails later, or crashes",
     "set what makes its build pin it: PYTORCH_VERSION for torchvision and torchaudio"),
    ("pins.version", "It is pinned to a version that it does not belong to", "error",
     "the two are built for each other in pairs", "build the pair that recipes/ names"),
    ("path.text", "A file that tools read names a folder of the build machine", "warning",
     "whoever builds against this wheel looks there",
     "write such files relative to their own place, or leave them out"),
    ("path.data", "A library holds the names of folders of the build machine", "note",
     "messages show them, and two builds differ by them", "compile with -ffile-prefix-map"),
    ("layout.top", "A top-level name that many packages use", "warning",
     "it overwrites, or is overwritten by, another package's", "name the packages to be installed"),
    ("layout.cache", "Compiled bytecode is packed", "warning",
     "it is for one Python, and stale when a file is patched", "leave __pycache__ out"),
    ("layout.script", "A script starts an interpreter of the build machine", "warning",
     "installers replace `#!python` and nothing else", "write #!python, or use entry points"),
    ("layout.entry", "An entry point leads to a module that is not there", "warning",
     "the command that is installed fails", "correct the entry point, or pack the module"),
    ("licence.none", "There is no licence file", "warning",
     "most licences ask for their text in every copy", "license-files in pyproject.toml"),
    ("licence.missing", "METADATA names a licence file that is not there", "error",
     "indexes refuse it (PEP 639)", "pack it into .dist-info/licenses"),
    ("licence.grafted", "Libraries of others were copied into the wheel", "note",
     "their licences hold for the wheel as well", "add their texts to license-files"),
    ("reader.refused", "An installer's reader refuses the wheel", "error",
     "it cannot be installed", "do what the reader says"),
    ("size.index", "It is larger than PyPI takes", "warning",
     "an upload of more than 100 MiB fails unless the project asked for more",
     "strip the libraries, or ask for a higher limit"),
    ("size.zip64", "It, or a file in it, is larger than 4 GiB", "warning",
     "`wheel pack` corrupts such wheels, and old readers fail", "split it, or strip the libraries"),
    ("size.total", "How large it is", "note", "", ""),
)  # fmt: skip
RULES: dict[str, Rule] = {row[0]: Rule(*row) for row in _ROWS}
VERSION = digest.of_bytes(repr((_REVISION, _ROWS)).encode())[:16]


def found(rule: str, what: str, where: str, level: Level | None = None) -> Finding:
    """A finding of a rule."""
    row = RULES[rule]
    return Finding(
        level=level or row.level, check=rule, what=what, where=where, why=row.why, mend=row.mend
    )
