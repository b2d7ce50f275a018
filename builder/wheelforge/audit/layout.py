"""What a wheel puts where: names that others use, scripts, entry points, bytecode."""

from __future__ import annotations

import configparser
import re
from typing import TYPE_CHECKING

from wheelforge.audit.objects import installed
from wheelforge.audit.rules import found
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding

_COMMON = frozenset(
    {"bin", "build", "conftest.py", "dist", "doc", "docs", "example", "examples", "include", "lib",
     "scripts", "setup.py", "src", "test", "tests", "tools"}
)  # fmt: skip
_LONGEST = 300  # of an entry point
_SCRIPT = re.compile(r"[^/]+\.data/scripts/[^/]+")
_FIXED = re.compile(rb"#!\s*/(?!usr/bin/env|bin/(?:ba)?sh\b)\S*python")
_OBJECT = re.compile(r"(?P<module>[\w.]+)\s*(?::\s*[\w.]+)?\s*(?:\[.*\])?")


def judge(wheel: Contents) -> Iterator[Finding]:
    """Places and names."""
    tops = {installed(item.path).partition("/")[0] for item in wheel.members}
    for top in sorted(tops & _COMMON):
        yield found("layout.top", f"it installs {top}", wheel.path.name)
    caches = [item.path for item in wheel.members if item.path.endswith(".pyc")]
    if caches:
        yield found("layout.cache", f"{len(caches)} files: {caches[0]}, …", wheel.path.name)
    for path, data in wheel.texts.items():
        if _SCRIPT.fullmatch(path) and _FIXED.match(data):
            line = data.partition(b"\n")[0].decode("utf-8", "replace")
            yield found("layout.script", f"it begins with {named(line)}", path)
    yield from _entries(wheel)


def _entries(wheel: Contents) -> Iterator[Finding]:
    """Commands; a package that is not in this wheel at all may be another one's."""
    text = wheel.text("entry_points.txt")
    if text is None:
        return
    where = f"{wheel.info}/entry_points.txt"
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error as error:
        yield found("layout.entry", f"it cannot be read: {named(str(error))}", where)
        return
    modules = _modules(wheel)
    tops = {module.partition(".")[0] for module in modules}
    for section in parser.sections():
        for name, value in parser.items(section):
            match = _OBJECT.fullmatch(value.strip()[:_LONGEST])
            module = match["module"] if match else value
            if module not in modules and module.partition(".")[0] in tops:
                yield found("layout.entry", f"{named(name)} is {named(value)}", where)


def _modules(wheel: Contents) -> set[str]:
    found: set[str] = set()
    for item in wheel.members:
        stem, dot, suffix = installed(item.path).partition(".")
        if dot and (suffix == "py" or suffix.endswith("so")):
            parts = stem.split("/")
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            found |= {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return found
