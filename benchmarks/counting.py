"""A compiler that keeps count: a small program in front of the real one, named in a toolchain file.

It writes one line for each source that it is told to compile, then becomes the real compiler. So
the count does not depend on what a build tool or wheelforge says of itself.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = """\
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **words)
{
    char *source = 0;
    int compiles = 0;
    for (int i = 1; i < count; i++) {
        size_t length = strlen(words[i]);
        if (!strcmp(words[i], "-c")) compiles = 1;
        if (length > 4 && !strcmp(words[i] + length - 4, ".cpp")) source = words[i];
    }
    if (compiles && source) {
        char line[4200];
        char *slash = strrchr(source, '/');
        strncpy(line, slash ? slash + 1 : source, 4096);
        line[4096] = 0;
        strcat(line, "\\n");
        int log = open(LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (log < 0 || write(log, line, strlen(line)) < 0) return 126;
    }
    words[0] = REAL;
    execv(REAL, words);
    return 127;
}
"""
_TOOLCHAIN = """\
name = "counting"
summary = "GCC, counted"
family = "gcc"
minimum = "8"
version_pattern = '\\) (\\d+\\.\\d+(?:\\.\\d+)?)'

[programs]
cc = ["{folder}/gcc"]
cxx = ["{folder}/g++"]
ar = ["gcc-ar", "ar"]
ranlib = ["gcc-ranlib", "ranlib"]
strip = ["strip"]
"""


@dataclass(frozen=True)
class Count:
    """Compilers in `folder`, a toolchain file that names them, and the log they write."""

    folder: Path

    @property
    def toolchain(self) -> str:
        return str(self.folder / "counting.toml")

    @property
    def _log(self) -> Path:
        return self.folder / "compiles"

    def clear(self) -> None:
        """Begin again at nothing."""
        self._log.unlink(missing_ok=True)

    def compiles(self, sources: Collection[str]) -> Counter[str]:
        """How often each of `sources` (file names) was begun; others are not counted."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return Counter(line for line in lines if line in sources)


def set_up(folder: Path) -> Count:
    """Compile the programs and write the toolchain file."""
    folder.mkdir(parents=True)
    (folder / "count.c").write_text(_PROGRAM)
    for name in ("gcc", "g++"):
        real = shutil.which(name)
        if real is None:
            raise SystemExit(f"there is no {name}")
        names = (f'-DREAL="{real}"', f'-DLOG="{folder}/compiles"')
        argv = [*names, "-o", str(folder / name), str(folder / "count.c")]
        subprocess.run(["gcc", "-O2", *argv], check=True)
    (folder / "counting.toml").write_text(_TOOLCHAIN.format(folder=folder))
    return Count(folder)
