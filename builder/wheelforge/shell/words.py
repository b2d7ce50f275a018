"""How a plan's commands and strings are written in bash."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from wheelforge.graph import Command
from wheelforge.template import names, render

LISTS = {"@{requires}": '"$requires"/*', "@{trial}": '"${trial[@]}"'}


def run(command: Command, env: Mapping[str, str]) -> str:
    """One command in its folder with exactly its environment."""
    settings = " ".join(word(f"{name}={value}") for name, value in sorted(env.items()))
    words = " ".join(word(part) for part in command.argv)
    offline = "offline " if command.offline else ""
    folder = word(command.cwd)
    return f"(mkdir -p {folder} && cd {folder} && {offline}env -i {settings} {words})"


def word(text: str) -> str:
    """A plan's string as one shell word; `@{name}` become variables."""
    if not names(text):
        return shlex.quote(text)
    if text in LISTS:
        return LISTS[text]
    escaped = re.sub(r'([\\"`]|\$)', r"\\\1", text)
    return '"' + render(escaped, _variable) + '"'


def _variable(name: str) -> str:
    if name.startswith("dep."):
        return "${" + prefix(name.removeprefix("dep.")) + "}"
    if name.startswith("wheel."):
        return "${" + wheel(name.removeprefix("wheel.")) + "}"
    return "${" + name + "}"


def prefix(name: str) -> str:
    return "prefix_" + re.sub(r"[^A-Za-z0-9]", "_", name)


def wheel(step: str) -> str:
    return "wheel_" + re.sub(r"[^A-Za-z0-9]", "_", step)


def glob(pattern: str) -> str:
    """A glob pattern in which everything but its wildcards is quoted."""
    return re.sub(r"[^*?\[\]]+", lambda match: shlex.quote(match[0]), pattern)
