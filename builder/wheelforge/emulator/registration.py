"""What the kernel has registered with binfmt_misc: which files it hands to which program.

The format of these files is told in the kernel's Documentation/admin-guide/binfmt-misc.rst.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wheelforge.emulator import elf_program

MOUNTED_AT = "proc/sys/fs/binfmt_misc"


@dataclass(frozen=True, kw_only=True)
class Registration:
    """Files that have `magic` at `offset`, as far as `mask` has bits, are run by `interpreter`.

    Of the `flags` F says that the interpreter was opened when it was registered: it then serves
    containers and chroots too, and need not be at its path. O hands it the open file, C gives it
    the file's credentials, P keeps the name the program was called by.
    """

    name: str
    interpreter: str
    flags: str = ""
    enabled: bool = True
    offset: int = 0
    magic: bytes = b""
    mask: bytes = b""
    present: bool = True

    def takes(self, head: bytes) -> bool:
        """Whether a file that begins with `head` is one of these."""
        part = head[self.offset : self.offset + len(self.magic)]
        mask = self.mask or b"\xff" * len(self.magic)
        if not self.magic or len(part) < len(self.magic):
            return False
        wanted = zip(part, self.magic, mask, strict=True)
        return all(byte & bits == want & bits for byte, want, bits in wanted)


@dataclass(frozen=True, kw_only=True)
class Formats:
    """binfmt_misc as a whole: `known` to the kernel, `mounted`, and switched on (`enabled`)."""

    known: bool = False
    mounted: bool = False
    enabled: bool = False
    registrations: tuple[Registration, ...] = ()

    def of(self, machine: str) -> Registration | None:
        """The registration that takes a machine's programs: one that works before any other."""
        if not elf_program.known(machine):
            return None
        head = elf_program.content(machine)
        taking = [item for item in self.registrations if item.takes(head)]
        return max(taking, key=lambda item: (item.enabled, item.present), default=None)


def read(root: Path = Path("/")) -> Formats:
    """What stands there now; `root` is where /proc is."""
    folder = root / MOUNTED_AT
    status = _text(folder / "status").strip()
    names = "\n".join(_text(root / "proc/filesystems").split())
    found: list[Registration] = []
    with suppress(OSError):
        files = sorted(folder.iterdir()) if status else []
        found = [_parsed(file) for file in files if file.name not in {"status", "register"}]
    return Formats(
        known=bool(status) or "binfmt_misc" in names.splitlines(),
        mounted=bool(status),
        enabled=status == "enabled",
        registrations=tuple(found),
    )


def _parsed(file: Path) -> Registration:
    lines = _text(file).splitlines()
    words = {name.rstrip(":"): value for name, _, value in (line.partition(" ") for line in lines)}
    program = words.get("interpreter", "")
    return Registration(
        name=file.name,
        interpreter=program,
        flags=words.get("flags", ""),
        enabled="enabled" in lines,
        offset=int(words.get("offset", "0") or 0),
        magic=bytes.fromhex(words.get("magic", "")),
        mask=bytes.fromhex(words.get("mask", "")),
        present="F" in words.get("flags", "") or Path(program).is_file(),
    )


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(errors="replace")
    return ""
