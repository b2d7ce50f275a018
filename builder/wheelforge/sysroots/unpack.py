"""Unpacks packages of another architecture with mmdebstrap; nothing of them is run.

The mode `chrootless` needs no privilege, mounts nothing and makes no device files, and the variant
`extract` runs neither maintainer scripts nor anything else of what it unpacked: so no emulation is
needed, and also for root nothing outside of the folder is touched.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from wheelforge import atomic, digest, process, programs
from wheelforge.errors import InputError
from wheelforge.fetch.apt_sources import Archive
from wheelforge.sysroot import Definition, Package
from wheelforge.sysroots import archives

Tell = Callable[[str], None]

_MERGED = ("bin", "sbin", "lib", "lib64")
_DEBS = "var/cache/apt/archives"
# what mmdebstrap says when a stage begins, and what is told of it
_STAGES = {
    "I: running apt-get update": "reading the package lists",
    "I: downloading packages": "downloading packages",
    "I: extracting archives": "unpacking packages",
}
_SKIPPED = "check/empty,check/qemu,cleanup/apt/cache,output/dev,output/mknod,chroot/mount"


async def unpack(definition: Definition, part: Path, tell: Tell) -> tuple[str, tuple[Package, ...]]:
    """Fill `part`/root; where the packages came from, and which they are.

    InputError when mmdebstrap is missing or no archive of this machine's apt has the packages.
    """
    program = _program(definition)
    reasons: list[str] = []
    for archive in archives.of(definition):
        root = _empty(part / "root")
        try:
            await _run(_command(program, definition, archive, part), part, tell)
        except process.ProgramError as error:
            reasons.append(f"{archives.shown(archive)}: {complaint(error.output)}")
            continue
        return archives.shown(archive), packages(root)
    raise InputError(
        f"its packages could not be fetched from suite {definition.suite}: " + "; ".join(reasons),
        where=f"sysroot {definition.name}",
        remedy="this needs the network: see that 'apt-get update' works on this machine, and for "
        "keys that are missing: apt-get install debian-archive-keyring",
    )


def packages(root: Path) -> tuple[Package, ...]:
    """The packages whose archives were unpacked, by name: apt keeps them as NAME_VERSION_ARCH."""
    found = []
    for file in sorted((root / _DEBS).glob("*.deb")):
        name, version, _ = file.name.split("_", 2)
        found.append(Package(name=name, version=unquote(version), sha256=digest.of_file(file)))
    return tuple(found)


def complaint(output: str) -> str:
    """What went wrong, of all that mmdebstrap and apt have said."""
    lines = [line.strip() for line in output.splitlines()]
    errors = [line[3:] for line in lines if line.startswith("E: ")]
    return "; ".join(dict.fromkeys(errors[:3])) or (lines[-1] if lines else "no reason given")


def _program(definition: Definition) -> Path:
    found = programs.find("mmdebstrap")
    if found is None:
        raise InputError(
            "the program 'mmdebstrap' is not installed, and sysroots are made with it",
            where=f"sysroot {definition.name}",
            remedy="apt-get install mmdebstrap debian-archive-keyring",
        )
    return found


def _empty(root: Path) -> Path:
    """A root in which /lib is in /usr from the beginning: packages are unpacked through links."""
    atomic.remove_tree(root)
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    return root


def _command(program: Path, definition: Definition, archive: Archive, part: Path) -> list[str]:
    sources, options = part / "archive.sources", part / "apt.conf"
    sources.write_text(archive.stanza(definition.suite, "deb", definition.components))
    options.write_text(archives.options())
    return [
        str(program),
        f"--architectures={definition.architecture}",
        "--variant=extract",
        "--mode=chrootless",
        "--format=directory",
        f"--include={','.join(definition.packages)}",
        f"--aptopt={options}",
        f"--skip={_SKIPPED}",
        definition.suite,
        str(part / "root"),
        str(sources),
    ]


async def _run(argv: list[str], part: Path, tell: Tell) -> None:
    began = time.monotonic()
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        for said, told in _STAGES.items():
            if line.startswith(said):
                tell(f"{time.monotonic() - began:5.1f} s  {told}")

    temporary = part / "tmp"
    temporary.mkdir(exist_ok=True)
    own = {"LC_ALL": "C", "TMPDIR": str(temporary), process.MARK: f"sysroot{part.name}"}
    log = part / "mmdebstrap.log"
    spawn = process.Spawn(argv=argv, cwd=part, env=os.environ | own, log=log)
    if code := await process.stream(spawn, hear):
        raise process.ProgramError(argv, code, "\n".join(lines))
