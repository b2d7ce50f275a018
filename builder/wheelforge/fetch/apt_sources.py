"""Reads which archives apt is configured for: one-line and deb822 lists (sources.list(5))."""

from __future__ import annotations

import platform
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wheelforge import process, programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# what says how an archive is trusted travels along; what selects binaries does not
_KEPT = {"signed-by": "Signed-By", "trusted": "Trusted", "check-valid-until": "Check-Valid-Until"}
_FLOATING = frozenset({"stable", "oldstable", "oldoldstable", "testing", "unstable", "sid"})
_ONE_LINE = re.compile(r"\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)")


class Archive(NamedTuple):
    """One configured archive: its address, suites, components, and how it is trusted.

    The values of `trust` are as written, also over several lines, as a key block is.
    """

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    trust: tuple[tuple[str, str], ...]

    def stanza(
        self, suite: str, kind: str = "deb-src", components: Sequence[str] = ("main",)
    ) -> str:
        """A deb822 entry for `suite` in this archive: its sources, or with "deb" its packages."""
        trust = "".join(f"{name}: {value}\n" for name, value in self.trust)
        parts = " ".join(components)
        return f"Types: {kind}\nURIs: {self.uri}\nSuites: {suite}\nComponents: {parts}\n{trust}"


def of_this_machine(suite: str) -> list[Archive] | None:
    """What this machine's apt has that may hold `suite`, likeliest first; None without apt."""
    program = programs.find("apt-config")
    if program is None or programs.find("apt-get") is None:
        return None
    asked = ["shell", "MAIN", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"]
    answer = process.capture([str(program), *asked])
    places = dict(word.split("=", 1) for word in shlex.split(answer))
    found = configured(
        Path(places.get("MAIN", "/dev/null")), Path(places.get("PARTS", "/dev/null"))
    )
    return candidates(found, suite, _codename())


def _codename() -> str:
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    except OSError:
        return ""


def configured(main: Path, parts: Path) -> list[Archive]:
    """All archives of a sources.list and its folder, in apt's order; disabled ones left out."""
    files = [main, *sorted(parts.glob("*.list")), *sorted(parts.glob("*.sources"))]
    found: list[Archive] = []
    for file in files:
        if file.is_file():
            text = file.read_text(errors="replace")
            found += _stanzas(text) if file.suffix == ".sources" else _lines(text)
    return found


def candidates(archives: list[Archive], suite: str, codename: str) -> list[Archive]:
    """Those that may hold Debian's suite `suite`, likeliest first, without repetition.

    Security and third-party archives have suites of their own names; what is left is asked for
    its Origin when its Release file is there.
    """
    known = _FLOATING | {suite, codename}
    fitting = {
        (archive.uri.rstrip("/"), archive.trust): archive
        for archive in archives
        if "main" in archive.components and known & set(archive.suites)
    }
    return sorted(fitting.values(), key=lambda archive: "debian" not in archive.uri)


def _lines(text: str) -> Iterator[Archive]:
    for line in text.splitlines():
        if match := _ONE_LINE.match(line):
            words = [word.partition("=") for word in (match[2] or "").split()]
            options = {name.lower(): value.replace(",", " ") for name, _, value in words}
            yield Archive(match[3], (match[4],), tuple(match[5].split()), _trust(options))


def _stanzas(text: str) -> Iterator[Archive]:
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for block in re.split(r"\n\s*\n", kept):
        fields = _fields(block)
        if fields.get("enabled", "yes").strip().lower() in {"no", "false", "0", "off"}:
            continue
        suites = tuple(fields.get("suites", "").split())
        components = tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            yield Archive(uri, suites, components, _trust(fields))


def _fields(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if line[:1] in {" ", "\t"} and name:
            fields[name] += f"\n{line}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _trust(fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((shown, fields[name]) for name, shown in _KEPT.items() if name in fields)
