"""Steps that are run in a temporary WHEELFORGE_HOME, without a plan and without the network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wheelforge.building import build
from wheelforge.fetch import Sources
from wheelforge.graph import BuildStep, Command, Unpack
from wheelforge.history import History
from wheelforge.job import Job, Workshop
from wheelforge.pin import PinnedSource
from wheelforge.recipe import Install, PathSource, Resources
from wheelforge.store import Entry, Manifest, Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from wheelforge.events import Event
    from wheelforge.graph import Step

KEY = "5" * 64
PATH = {"PATH": "/usr/bin:/bin"}


def shell(label: str, script: str, *, offline: bool = False) -> Command:
    """A command in the source tree."""
    return Command(label=label, argv=("sh", "-c", script), cwd="@{src}", offline=offline)


def source(path: Path, identity: str = "", at: str = "") -> Unpack:
    """A folder or archive as a source."""
    pinned = PinnedSource(
        recipe="demo", version="1.0", source=PathSource(path=str(path)), identity=identity, at=at
    )
    return Unpack(source=pinned, strip=1)


def build_step(*commands: Command, **words: Any) -> BuildStep:
    """A build of a library called demo; `words` replace any part."""
    parts: dict[str, Any] = {
        "id": "build:demo",
        "name": "demo",
        "version": "1.0",
        "result": "library",
        "unpack": (),
        "patches": (),
        "commands": commands,
        "env": PATH,
        "programs": {},
        "libraries": {},
        "install": Install(),
        "resources": Resources(),
    }
    return BuildStep(**{**parts, **words})


@dataclass
class Bench:
    """One home; every job on it tells its events to `events`."""

    root: Path
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.home = self.root / "home"
        self.store = Store(self.home / "store")
        self.tree = self.root / "tree"
        self.tree.mkdir()
        (self.tree / "file").write_text("text\n")
        self.logs = self.home / "logs"
        self.history = History(self.home / "history.json")

    @property
    def source(self) -> Unpack:
        return source(self.tree)

    def entry(self, name: str, files: Mapping[str, str | bytes], product: str = "") -> Entry:
        """A result of an earlier step."""
        folder = self.root / "made" / name
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            data = content.encode() if isinstance(content, str) else content
            (folder / path).write_bytes(data)
        return self.store.publish(folder, manifest(name, product))

    def job(self, step: Step, results: Mapping[str, Entry] | None = None, key: str = KEY) -> Job:
        workshop = Workshop(
            home=self.home,
            store=self.store,
            sources=Sources(self.home / "sources", offline=True),
            history=self.history,
            logs=self.logs,
        )
        given = results or {}
        return Job(
            step=step,
            key=key,
            needs={name: entry.manifest.output for name, entry in given.items()},
            results=given,
            jobs=3,
            workshop=workshop,
            tell=self.events.append,
            again="wheelforge step run PLAN STEP",
        )

    def build(self, step: BuildStep, results: Mapping[str, Entry] | None = None) -> Entry:
        """Run a build step to its end."""
        return asyncio.run(build(self.job(step, results), step))

    def log(self, name: str = "build-demo") -> str:
        return (self.logs / f"{name}.log").read_text()

    def told(self, kind: type) -> list[Any]:
        """The events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]


def manifest(name: str, product: str = "") -> Manifest:
    """The manifest of an earlier step's result, before it is published."""
    return Manifest(
        key=name.encode().hex().ljust(64, "0"), name=name, version="1.0", step=f"build:{name}",
        inputs={}, needs={}, files=(), output="", created=0.0, seconds=0.0, product=product,
    )  # fmt: skip
