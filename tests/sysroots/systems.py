"""Small systems in folders, and programs that make one as mmdebstrap would."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from elves import make_elf

AARCH64, X86_64 = 183, 62
RELEASE = b"\0GNU C Library (Some) stable release version %b.\n\0"


def libc(version: str = "2.34", machine: int = AARCH64) -> bytes:
    """A C library that says its version as glibc does."""
    return make_elf(soname="libc.so.6", machine=machine, more=RELEASE % version.encode())


def write(root: Path, files: dict[str, bytes | str]) -> Path:
    """Files below `root`; a text is where a symbolic link leads."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, str):
            path.symlink_to(data)
        else:
            path.write_bytes(data)
    return root


def debian(root: Path, machine: int = AARCH64) -> Path:
    """A merged Debian with a compiler's folder and a Python."""
    triplet = "aarch64-linux-gnu"
    return write(
        root,
        {
            f"usr/lib/{triplet}/libc.so.6": libc("2.41", machine),
            "lib": "usr/lib",
            "usr/lib/ld-linux-aarch64.so.1": make_elf(machine=machine),
            f"usr/lib/gcc/{triplet}/12/crtbegin.o": make_elf(machine=machine),
            f"usr/lib/gcc/{triplet}/14/crtbegin.o": make_elf(machine=machine),
            "usr/bin/python3.13": make_elf(machine=machine),
            "usr/bin/python3": "python3.13",
            "usr/bin/python3.13-config": b"#!/bin/sh\n",
            "usr/include/stdio.h": b"int puts(const char *);\n",
        },
    )


def redhat(root: Path) -> Path:
    """A RHEL: /lib64 leads to /usr/lib64, and the library has its version in its name."""
    return write(
        root,
        {
            "usr/lib64/libc-2.28.so": libc("2.28"),
            "usr/lib64/libc.so.6": "libc-2.28.so",
            "lib64": "usr/lib64",
            "usr/lib/gcc/aarch64-redhat-linux/8/crtbegin.o": make_elf(),
            "usr/bin/python3.6": make_elf(),
            "usr/bin/python3.11": "/usr/libexec/python3.11",
            "usr/libexec/python3.11": make_elf(),
            "usr/include/stdio.h": b"int puts(const char *);\n",
        },
    )


_MMDEBSTRAP = """\
#!{python}
import os, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
sys.path.insert(0, {own!r})
from elves import make_elf
from systems import libc
root = Path(sys.argv[-2])
log = Path({folder!r})
with (log / "calls").open("a") as file:
    print(os.getpid(), *sys.argv[1:], file=file)
(log / "sources").write_text(Path(sys.argv[-1]).read_text())
print("I: running apt-get update...", flush=True)
if (log / "broken").exists():
    print("E: no public key\\nE: apt-get update failed", file=sys.stderr)
    sys.exit(25)
print("I: downloading packages with apt...", flush=True)
archives = root / "var/cache/apt/archives"
archives.mkdir(parents=True)
(archives / "libc6_2%3a2.41-1_arm64.deb").write_bytes(b"the package")
(archives / "tzdata_2025b_all.deb").write_bytes((log / "tzdata").read_bytes())
while (log / "wait").exists():
    (log / "waiting").touch()
    time.sleep(0.01)
print("I: extracting archives...", flush=True)
libraries = root / "lib/aarch64-linux-gnu"  # through the link, as bookworm's libc6
libraries.mkdir()
if not (log / "empty").exists():
    (libraries / "libc.so.6").write_bytes(libc("2.41", int((log / "machine").read_text())))
(root / "usr/bin/python3.13").write_bytes(make_elf())
(root / "etc/python3.13").mkdir(parents=True)
(root / "etc/python3.13/sitecustomize.py").write_text("pass")
(root / "etc/resolv.conf").write_text("the host's")
(root / "dev").mkdir()
(root / "dev/null").touch()
(root / "usr/lib/python3.13").mkdir()
(root / "usr/lib/python3.13/sitecustomize.py").symlink_to("/etc/python3.13/sitecustomize.py")
(root / "usr/share/doc/libc6").mkdir(parents=True)
"""
_APT_CONFIG = """\
#!/bin/sh
case $1 in
dump) cat {folder}/apt.conf ;;
shell) shift
    while [ $# -gt 0 ]; do
        case $2 in *sourcelist/f) v=none ;; *sourceparts/d) v=sources.d ;; *) v=auth.conf ;; esac
        echo "$1='{folder}/$v'"; shift 2
    done ;;
esac
"""


class Shop(NamedTuple):
    """A folder of programs for PATH, and what steers them; `calls` counts mmdebstrap's runs.

    Files in `folder`: broken, empty and wait change what mmdebstrap does.
    """

    folder: Path

    @property
    def programs(self) -> Path:
        return self.folder / "bin"

    @property
    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def archive(self, suite: str) -> None:
        """Configure apt for an archive with a suite."""
        text = "deb [trusted=yes] https://me:secret@one.invalid/debian {} main\n"
        (self.folder / "sources.d/one.list").write_text(text.format(suite))

    def open(self) -> None:
        """Put everything there."""
        self.programs.mkdir(parents=True)
        (self.folder / "sources.d").mkdir()
        own = Path(__file__).parent
        text = _MMDEBSTRAP.format(
            python=sys.executable, tests=str(own.parent), own=str(own), folder=str(self.folder)
        )
        files = {
            "bin/mmdebstrap": text,
            "bin/apt-config": _APT_CONFIG.format(folder=self.folder),
            "bin/apt-get": "#!/bin/sh\n",
            "apt.conf": 'Acquire "";\nAcquire::http::Proxy "http://proxy.invalid:1";\n'
            'Acquire::Languages:: "none";\n',
            "machine": str(AARCH64),
            "tzdata": "one",
        }
        for name, content in files.items():
            (self.folder / name).write_text(content)
            (self.folder / name).chmod(0o755)
        self.archive("trixie")
