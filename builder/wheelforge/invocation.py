"""A compiler's command line: what it reads, what it writes, in which language."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Sequence

_LANGUAGES = {
    ".c": "c", ".s": "asm", ".S": "asm", ".f": "fortran", ".F": "fortran", ".f90": "fortran",
    ".F90": "fortran", ".f77": "fortran", ".for": "fortran",
}  # fmt: skip
_CPLUSPLUS = {".cc", ".cpp", ".cxx", ".C", ".c++", ".cu", ".cppm"}
SEPARATE = {  # options followed by a word of their own: the same as gate.c's `with_word`
    "-o", "-I", "-D", "-U", "-A", "-L", "-l", "-x", "-B", "-F", "-G", "-J", "-T", "-e", "-h", "-u",
    "-z", "-include", "-imacros", "-isystem", "-iquote", "-idirafter", "-isysroot", "-iprefix",
    "-iwithprefix", "-iwithprefixbefore", "-imultilib", "-MF", "-MT", "-MQ", "-Xlinker",
    "-Xassembler", "-Xpreprocessor", "-Xclang", "-mllvm", "--param", "--sysroot", "-arch",
    "-target", "-framework", "-wrapper", "-aux-info", "-dumpbase", "-dumpbase-ext", "-dumpdir",
    "-Xcompiler", "-Xptxas", "-Xcudafe", "-Xnvlink", "-ccbin", "-gencode", "-code",
}  # fmt: skip
# where CMake, meson, autoconf and SCons try things out, under names that are never the same
_TRIALS = (
    "/CMakeScratch/", "/CMakeTmp/", "/CompilerId", "/meson-private/", "/conftest", "/.sconf_temp/",
)  # fmt: skip


def files(argv: Sequence[str]) -> tuple[list[str], str]:
    """The inputs and the output of a command line."""
    inputs, output = [], ""
    words = iter(argv[1:])
    for word in words:
        if word == "-o":
            output = next(words, "")
        elif word in SEPARATE:
            next(words, "")
        elif word.startswith("-o") and word != "-openmp":
            output = word[2:]
        elif not word.startswith(("-", "@")):
            inputs.append(word)
    return inputs, output


def options(argv: Sequence[str]) -> Iterator[str]:
    """Its options, without the words that belong to one and may look like others."""
    words = iter(argv[1:])
    for word in words:
        if word.startswith("-"):
            yield word
        if word in SEPARATE:
            next(words, "")


def named_after(source: str, argv: Sequence[str]) -> str:
    """Where a compiler writes that is not told; "" when it writes nothing."""
    suffix = ".s" if "-S" in argv else ".o"
    if not source or not {"-c", "-S"}.intersection(argv):
        return ""
    return os.path.splitext(os.path.basename(source))[0] + suffix  # noqa: PTH119, PTH122


def language(source: str) -> str:
    """The language of a file by its name, "other" for what is not compiled."""
    suffix = os.path.splitext(source)[1]  # noqa: PTH122
    return "c++" if suffix in _CPLUSPLUS else _LANGUAGES.get(suffix, "other")


def absolute(path: str, cwd: str) -> str:
    """A path as it is known outside of its folder; "" stays so."""
    return os.path.normpath(os.path.join(cwd, path)) if path else ""  # noqa: PTH118


def trial(*paths: str) -> bool:
    """True for files of what a configuration tries out."""
    return any(mark in path for path in paths for mark in _TRIALS)


def legible(text: str) -> str:
    """The same with a question mark for bytes that are no text, which JSON does not take."""
    return text.encode(errors="surrogateescape").decode(errors="replace")
