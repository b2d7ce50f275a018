"""Repairs a wheel as `auditwheel repair` does, but its libraries keep their own names.

    graft.py [--into FOLDER] [--beside FOLDER=WHEEL]… [--exclude NAME]… [--ldpaths FOLDERS]
             --wheel-dir FOLDER WHEEL

auditwheel says what the wheel lacks: the policies and the search are its own. With --into these
libraries are copied into a folder of the wheel, each once and under its SONAME, and every ELF file
gets a search path that leads to what it needs there. auditwheel then finds nothing to graft, and
gives the tag. With --beside it leaves out what another wheel holds in a folder.

A program of one file: a plan carries its text. It needs patchelf, and a Python with auditwheel.
"""

from __future__ import annotations

import filecmp
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from posixpath import basename, dirname, join, normpath, relpath
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence

COPIED = "copied.txt"  # beside the wheel: what --into brought, by its path in the wheel
ORIGINS = "origins.txt"  # and where each was, after a tabulator
_PAGE = {"EM_AARCH64": 0x10000}  # the largest a kernel may have, where patchelf has to know
# zlib's own choice: torch 2.6.0, 388 MB, takes it 8 s for 94 MB; 1 takes 3 s for 106, 9 23 s for 93
_COMPRESSION = 6
_ORIGIN = re.compile(r"\$(?:ORIGIN|\{ORIGIN\})(?:/(.*))?")


class RefusedError(Exception):
    """The wheel cannot be repaired; one line says why."""


class Image(NamedTuple):
    """What an ELF file says to the loader.

    `search` are the entries of DT_RUNPATH or else DT_RPATH; `tags` are which of both it has.
    `alignment` is the least of its LOAD segments, 0 where these are not aligned as they say.
    """

    machine: str
    soname: str
    needed: tuple[str, ...]
    search: tuple[str, ...]
    tags: tuple[str, ...]
    alignment: int


def read(path: str | Path) -> Image:
    """Read the dynamic segment and the LOAD segments of an ELF file."""
    from elftools.elf.dynamic import DynamicSegment
    from elftools.elf.elffile import ELFFile

    with Path(path).open("rb") as file:
        elf = ELFFile(file)
        tags: dict[str, list[str]] = {}
        loads: list[Any] = []
        for segment in elf.iter_segments():
            if segment["p_type"] == "PT_LOAD":
                loads.append(segment)
            if isinstance(segment, DynamicSegment):
                for tag in segment.iter_tags():
                    name = str(tag.entry.d_tag).removeprefix("DT_").lower()
                    tags.setdefault(name, []).append(getattr(tag, name, ""))
        askew = any((load["p_vaddr"] - load["p_offset"]) % (load["p_align"] or 1) for load in loads)
        search = tags.get("runpath") or tags.get("rpath") or []
        return Image(
            machine=elf["e_machine"],
            soname="".join(tags.get("soname", ())),
            needed=tuple(tags.get("needed", ())),
            search=tuple(entry for text in search for entry in text.split(":")),
            tags=tuple(name for name in tags if name in {"rpath", "runpath"}),
            alignment=0 if askew else min((load["p_align"] for load in loads), default=0),
        )


class Lacking(NamedTuple):
    """What a wheel lacks: `files` by their name in the folder, `names` from DT_NEEDED to these."""

    files: dict[str, Path]
    names: dict[str, str]


def graft(
    wheel: Path, into: str, exclude: Iterable[str], ldpaths: str | None, out: Path
) -> dict[str, Path]:
    """Write a wheel of the same name into `out`, not compressed; what was copied, by its path.

    The working directory is another one meanwhile. RefusedError where a library is found nowhere,
    or two different ones have one name.
    """
    from auditwheel.wheeltools import InWheelCtx

    external = _external(wheel, exclude, ldpaths)
    with InWheelCtx(wheel) as inside:
        lacking = _lacking(external)
        copied = {join(into, name): file for name, file in lacking.files.items()}
        for path, file in copied.items():
            print(f"{path}: {file}")
            os.makedirs(into, exist_ok=True)  # noqa: PTH103 - paths in a wheel are text here
            shutil.copyfile(file, path)
            os.chmod(path, 0o755)  # noqa: PTH101, S103 - as libraries are, whatever it was there
        for path in (*external, *copied):
            _settle(path, [*external, *copied], lacking.names, foreign=path in copied)
        inside.zip_compression_level = 0
        inside.out_wheel = out / wheel.name
    return copied


def _external(
    wheel: Path, exclude: Iterable[str], ldpaths: str | None
) -> dict[str, dict[str, Path | None]]:
    """For every ELF file of the wheel what auditwheel would graft: by DT_NEEDED, None: not found.

    Under the policy that it would choose itself.
    """
    from auditwheel.wheel_abi import analyze_wheel_abi
    from auditwheel.wheeltools import get_wheel_architecture

    info = analyze_wheel_abi(
        None,
        get_wheel_architecture(wheel.name),
        wheel,
        frozenset(exclude),
        disable_isa_ext_check=False,
        allow_graft=True,
        requested_policy_base_name="auto",
        args_ldpaths=ldpaths,
    )
    policy, known = info.overall_policy, info.policies
    name = (known.lowest if policy == known.linux else policy).name
    return {str(path): refs[name].libs for path, refs in sorted(info.full_external_refs.items())}


def _lacking(external: Mapping[str, Mapping[str, Path | None]]) -> Lacking:
    """What is to be copied: nothing that the wheel has by that name, nor libpython.

    That is never grafted: auditwheel takes it out of DT_NEEDED.
    """
    from auditwheel.lddtree import LIBPYTHON_RE

    present = {basename(path) for path in external}
    found = Lacking({}, {})
    nowhere: set[str] = set()
    wanted = {item for libraries in external.values() for item in libraries.items()}
    for name, path in sorted(wanted, key=str):
        if basename(name) in present or LIBPYTHON_RE.match(name):
            continue
        if path is None:
            nowhere.add(name)
            continue
        own = found.names[name] = read(path).soname or basename(name)
        if own not in present and not _same(found.files.setdefault(own, path), path):
            raise RefusedError(f"two libraries are called {own}: {found.files[own]} and {path}")
    for name in sorted(nowhere - found.names.keys()):
        others = (*external, *map(str, found.files.values()))
        needers = ", ".join(path for path in others if name in read(path).needed)
        raise RefusedError(f"{name} is found nowhere; needed by {needers}")
    return Lacking(dict(sorted(found.files.items())), found.names)


def _same(one: Path, other: Path) -> bool:
    return one == other or filecmp.cmp(one, other, shallow=False)


def _settle(path: str, members: Sequence[str], names: Mapping[str, str], *, foreign: bool) -> None:
    """Let an ELF file find what it needs of the wheel's, and look nowhere outside of the wheel.

    With DT_RPATH, which comes before LD_LIBRARY_PATH: a site's own libopenblas.so.0 may be there.
    """
    image = read(path)
    entries = _entries(path, image, members, names, foreign=foreign)
    if len(image.tags) > 1 or (image.search and not entries):
        image = _patched(path, image, ["--remove-rpath"], ())  # of two, patchelf would set only one
    renamed = [(name, names[name]) for name in image.needed if names.get(name, name) != name]
    options = [word for pair in renamed for word in ("--replace-needed", *pair)]
    if entries and (image.search, image.tags) != (entries, ("rpath",)):
        options += ["--force-rpath", "--set-rpath", ":".join(entries)]
    if options:
        _patched(path, image, options, entries)


def _entries(
    path: str, image: Image, members: Sequence[str], names: Mapping[str, str], *, foreign: bool
) -> tuple[str, ...]:
    """Where it is to look: in the wheel's folders where it does already, and what it lacks there.

    What a `foreign` file was looking for had to do with where it was.
    """
    folder = dirname(path) or "."
    search = [] if foreign else list(_inside(image.search, folder))
    for name in (names.get(name, name) for name in image.needed):
        places = [dirname(other) or "." for other in members if basename(other) == name]
        if places and path.partition("/")[0].endswith(".data"):
            raise RefusedError(f"{path} needs {name}, which is out of reach from where it will be")
        if places and not set(places) & set(search):
            search.append(folder if folder in places else places[-1])
    return tuple(join("$ORIGIN", relpath(place, folder)).removesuffix("/.") for place in search)


def _inside(search: Sequence[str], folder: str) -> Iterator[str]:
    """The folders of the wheel that search entries name; others are the build machine's."""
    inside = (match[1] or "" for match in map(_ORIGIN.fullmatch, search) if match)
    places = dict.fromkeys(normpath(join(folder, f"./{place}")) for place in inside)
    yield from (place for place in places if place != ".." and not place.startswith("../"))


def _patched(path: str, before: Image, options: Sequence[str], search: tuple[str, ...]) -> Image:
    """Run patchelf and look at what it made: what is aligned to less than a page is not loaded."""
    page = _PAGE.get(before.machine)
    argv = ["patchelf", *(["--page-size", str(page)] if page else []), *options, path]
    print(shlex.join(argv), flush=True)
    if code := subprocess.call(argv):
        raise RefusedError(f"patchelf ended with {code} for {path}")
    made = read(path)
    if made.alignment < before.alignment:
        raise RefusedError(
            f"patchelf aligned {path} to {made.alignment} bytes; it was {before.alignment}"
        )
    if (made.search, made.tags) != (search, ("rpath",) if search else ()):
        raise RefusedError(f"patchelf left another search path in {path}: {made.search}")
    return made


def _retag(wheel: Path, options: Sequence[str], out: Path) -> None:
    argv = [sys.executable, "-I", "-m", "auditwheel", "repair", "--plat", "auto", *options]
    argv += [f"--zip-compression-level={_COMPRESSION}", "--wheel-dir", str(out), str(wheel)]
    print(shlex.join(argv), flush=True)
    if code := subprocess.call(argv):
        sys.exit(code)


def _nothing_more(before: Path, out: Path) -> None:
    for after in out.glob("*.whl"):
        for name in sorted(set(_files(after)) - set(_files(before))):
            raise RefusedError(f"auditwheel had to graft {name}: its user does not reach the copy")


def _files(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as file:
        return file.namelist()


def _arguments() -> argparse.Namespace:
    import argparse

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--into", metavar="FOLDER")
    parser.add_argument("--beside", metavar="FOLDER=WHEEL", action="append", default=[])
    parser.add_argument("--exclude", metavar="NAME", action="append", default=[])
    parser.add_argument("--ldpaths", metavar="FOLDERS")
    parser.add_argument("--wheel-dir", metavar="FOLDER", type=Path, required=True)
    parser.add_argument("wheel", metavar="WHEEL", type=Path)
    return parser.parse_args()


def main() -> None:
    """Repair one wheel; ends with a line `error: …` where it cannot be."""
    from auditwheel.error import AuditwheelError

    told = _arguments()
    wheel, out = told.wheel.absolute(), told.wheel_dir.absolute()
    exclude = list(told.exclude)
    for folder, _, other in (item.partition("=") for item in told.beside):
        names = (name for name in _files(Path(other)) if dirname(name) == normpath(folder))
        exclude += [basename(name) for name in names if ".so" in name]
    options = [f"--exclude={name}" for name in exclude]
    options += [f"--ldpaths={told.ldpaths}"] if told.ldpaths else []
    try:
        if not told.into:
            return _retag(wheel, options, out)
        with tempfile.TemporaryDirectory() as folder:
            copied = graft(wheel, normpath(told.into), exclude, told.ldpaths, Path(folder))
            _retag(Path(folder, wheel.name), options, out)
            _nothing_more(Path(folder, wheel.name), out)
        (out / COPIED).write_text("".join(f"{path}\n" for path in copied), encoding="utf-8")
        origins = "".join(f"{path}\t{file}\n" for path, file in copied.items())
        (out / ORIGINS).write_text(origins, encoding="utf-8")
    except (RefusedError, AuditwheelError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
