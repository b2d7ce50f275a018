"""One compile or link, as its command line tells it."""

from __future__ import annotations

import hashlib
import os.path
from collections.abc import Sequence
from typing import NamedTuple

_LANGUAGES = {
    ".c": "c", ".s": "asm", ".S": "asm", ".f": "fortran", ".F": "fortran", ".f90": "fortran",
    ".F90": "fortran", ".f77": "fortran", ".for": "fortran",
}  # fmt: skip
_CPLUSPLUS = {".cc", ".cpp", ".cxx", ".C", ".c++", ".cu", ".cppm"}
_WITH_DEPENDENCIES = {"c", "c++"}
_SEPARATE = {  # options followed by a word of their own: the same as gate.c's `with_word`
    "-o", "-I", "-D", "-U", "-A", "-L", "-l", "-x", "-B", "-F", "-G", "-J", "-T", "-e", "-h", "-u",
    "-z", "-include", "-imacros", "-isystem", "-iquote", "-idirafter", "-isysroot", "-iprefix",
    "-iwithprefix", "-iwithprefixbefore", "-imultilib", "-MF", "-MT", "-MQ", "-Xlinker",
    "-Xassembler", "-Xpreprocessor", "-Xclang", "-mllvm", "--param", "--sysroot", "-arch",
    "-target", "-framework", "-wrapper", "-aux-info", "-dumpbase", "-dumpbase-ext", "-dumpdir",
    "-Xcompiler", "-Xptxas", "-Xcudafe", "-Xnvlink", "-ccbin", "-gencode", "-code",
}  # fmt: skip


# where CMake, meson, autoconf and SCons try things out, under names that are never the same
_TRIALS = ("/CMakeScratch/", "/CMakeTmp/", "/meson-private/", "/conftest", "/.sconf_temp/")


class Unit(NamedTuple):
    """A compile or link: paths are absolute, `sign` stands for its whole command line.

    `group` is what units of one kind have in common, for guesses about their memory. `tracked`
    means that the compiler can be asked which files it read, and nobody else does.
    """

    kind: str
    group: str
    source: str
    output: str
    sign: str
    tracked: bool

    @property
    def trial(self) -> bool:
        """True for what a configuration tries out: nobody wants to hear of it."""
        return any(mark in self.output or mark in self.source for mark in _TRIALS)

    def beside(self, work: str) -> Unit:
        """The same with paths relative to the work folder, as people and files are told them."""
        source, output = _relative(self.source, work), _relative(self.output, work)
        return self._replace(source=legible(source), output=legible(output))


def legible(text: str) -> str:
    """The same with a question mark for bytes that are no text, which JSON does not take."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


def unit_of(kind: str, cwd: str, argv: Sequence[str], work: str) -> Unit:
    """Read a command line; `work` is the folder whose name differs from build to build."""
    inputs, output = _files(argv)
    source = inputs[0] if inputs else ""
    language = _language(source)
    sign = hashlib.blake2b(
        "\0".join((cwd, *argv)).replace(work, "@").encode(errors="surrogateescape"), digest_size=16
    ).hexdigest()
    if kind == "link":
        group = "link shared" if "-shared" in argv else "link"
        source = source if language != "other" else ""  # an object like the others
    else:
        group = f"compile {language}"
        output = output or _named_after(source, argv)
    source, output = _absolute(source, cwd), _absolute(output, cwd)
    tracked = (
        kind == "compile"
        and language in _WITH_DEPENDENCIES
        and len(inputs) == 1  # of several sources, one output alone would be put back
        and bool(output)
        and "-S" not in argv
        and not any(word.startswith(("-M", "-Wp,-M", "@")) for word in argv)
    )
    return Unit(kind, group, source, output, sign, tracked)


def _files(argv: Sequence[str]) -> tuple[list[str], str]:
    """The inputs and the output of a command line."""
    inputs, output = [], ""
    words = iter(argv[1:])
    for word in words:
        if word == "-o":
            output = next(words, "")
        elif word in _SEPARATE:
            next(words, "")
        elif word.startswith("-o") and word != "-openmp":
            output = word[2:]
        elif not word.startswith(("-", "@")):
            inputs.append(word)
    return inputs, output


def _named_after(source: str, argv: Sequence[str]) -> str:
    """Where a compiler writes that is not told; "" when it writes nothing."""
    suffix = ".s" if "-S" in argv else ".o"
    if not source or not {"-c", "-S"}.intersection(argv):
        return ""
    return os.path.splitext(os.path.basename(source))[0] + suffix  # noqa: PTH119, PTH122


def _language(source: str) -> str:
    suffix = os.path.splitext(source)[1]  # noqa: PTH122
    return "c++" if suffix in _CPLUSPLUS else _LANGUAGES.get(suffix, "other")


def _absolute(path: str, cwd: str) -> str:
    return os.path.normpath(os.path.join(cwd, path)) if path else ""  # noqa: PTH118


def _relative(path: str, work: str) -> str:
    return path.removeprefix(work + "/")
