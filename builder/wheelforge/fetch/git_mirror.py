"""A bare repository in the source cache that holds the commits needed of one address."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from wheelforge import atomic, digest, process, programs
from wheelforge.fetch.errand import locked

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from wheelforge.fetch.errand import Errand

_SETTINGS = (
    "gc.auto=0",
    "maintenance.auto=false",
    "core.hooksPath=/dev/null",
    "fetch.recurseSubmodules=false",
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=60",
    "log.showSignature=false",
)
# a checkout's content is wanted, not what .gitattributes would make of it in an archive
_ATTRIBUTES = "* -export-ignore -export-subst -text -ident -filter -working-tree-encoding\n"
_ARCHIVE_SECONDS = 1800.0


class Link(NamedTuple):
    """A submodule as its parent's tree records it; `url` is empty where .gitmodules lacks it."""

    path: str
    commit: str
    url: str


class Mirror:
    """The mirror of one address; made when something is first fetched into it."""

    def __init__(self, errand: Errand, url: str) -> None:
        self._errand = errand
        self._name = digest.of_bytes(url.encode())
        self._path = errand.root / "git" / self._name

    def locked(self) -> AbstractAsyncContextManager[None]:
        """Keep other runs from fetching into it."""
        return locked(self._errand.root / "locks" / f"git-{self._name}", self._errand.tell)

    async def commit(self, name: str) -> str:
        """The commit a tag or commit name stands for; empty when it is not here."""
        with suppress(process.ProgramError):
            words = ("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
            return (await asyncio.to_thread(self._ask, *words)).strip()
        return ""

    async def fetch(self, address: str, name: str) -> None:
        """Fetch a tag (`refs/tags/…`) or a commit without its history; raises ProgramError.

        Servers that hand out no single commits are asked for everything.
        """
        await asyncio.to_thread(self._create)
        self._errand.tell(f"fetching {name} of {address.rpartition('@')[2]}")
        into = name if name.startswith("refs/") else f"refs/wheelforge/{name}"
        try:
            await self._fetch("--depth=1", address, f"+{name}:{into}")
        except process.ProgramError:
            if name.startswith("refs/"):
                raise
            self._errand.tell("the server does not give this commit alone; fetching all")
            shallow = ["--unshallow"] if (self._path / "shallow").exists() else []
            await self._fetch(
                *shallow, address, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"
            )
            if not await self.commit(name):
                raise

    async def _fetch(self, *words: str) -> None:
        await self._errand.run([*self._git(), "fetch", "--no-tags", *words], environment())

    def links(self, commit: str) -> list[Link]:
        """The submodules of a commit (starts git, blocks)."""
        with suppress(process.ProgramError):
            settings = self._ask("config", "--blob", f"{commit}:.gitmodules", "--list", "-z")
            urls = _urls(settings)
            rows = self._ask("ls-tree", "-r", "-z", "--full-tree", commit).split("\0")
            heads = [row.partition("\t") for row in rows if row.startswith("160000 commit ")]
            return [
                Link(path, head.split()[2], urls.get(path.rstrip("/"), ""))
                for head, _, path in heads
            ]
        return []

    def archive(self, commit: str, result: Path) -> None:
        """Write a commit's tree as a tar file (starts git, blocks)."""
        self._ask("archive", "--format=tar", "-o", str(result), commit, timeout=_ARCHIVE_SECONDS)

    def time(self, commit: str) -> int:
        """When a commit was made, in Unix seconds."""
        return int(self._ask("log", "-1", "--format=%ct", commit))

    def _create(self) -> None:
        if (self._path / "info" / "attributes").exists():
            return
        with atomic.told(self._errand.root, "WHEELFORGE_HOME"):
            self._path.mkdir(parents=True, exist_ok=True)
            self._ask("init", "--quiet", "--bare", "--template=")
            atomic.write(self._path / "info" / "attributes", _ATTRIBUTES.encode())

    def _git(self) -> list[str]:
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        return [str(programs.locate("git")), f"--git-dir={self._path}", *settings]

    def _ask(self, *words: str, timeout: float = 60.0) -> str:
        return process.capture([*self._git(), *words], env=environment(), timeout=timeout)


def _urls(settings: str) -> dict[str, str]:
    """Addresses by path from the `-z` listing of a .gitmodules file."""
    paths: dict[str, str] = {}
    urls: dict[str, str] = {}
    for entry in settings.split("\0"):
        key, _, value = entry.partition("\n")
        name, _, field = key.rpartition(".")
        if field in {"path", "url"}:
            (paths if field == "path" else urls)[name] = value
    return {path.rstrip("/"): urls.get(name, "") for name, path in paths.items()}


def environment() -> dict[str, str]:
    """Git's environment: the user's settings, but never a question and never another repository."""
    mine = {name: value for name, value in os.environ.items() if not _is_local(name)}
    return {
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
        **mine,
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
    }


def _is_local(name: str) -> bool:
    return name in {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
    }


def complaint(error: process.ProgramError) -> str:
    """The line of git's output that says what is wrong."""
    lines = error.output.strip().splitlines()
    said = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (said or lines or ["no output"])[0]
