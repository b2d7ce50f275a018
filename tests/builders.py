"""Small things tests are made of: recipes as TOML text, a fixed setting, a view of a fake store.

Nothing here starts a program, needs a compiler or reads a file.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import tomli

from wheelforge.errors import InputError
from wheelforge.graph import Plan, Step, WheelSet
from wheelforge.interpreter import Interpreter
from wheelforge.pin import PinnedSource, Resolution
from wheelforge.plan import Setting, plan
from wheelforge.recipe import Conditions, Document, Layer
from wheelforge.resolve import Request, resolve
from wheelforge.store import Entry, Found, Manifest
from wheelforge.target import Target
from wheelforge.toolchain import Compilers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SHA = "0" * 64
TREE = "7" * 64

PYTHON = Interpreter(
    path="/opt/python/bin/python3.12",
    version="3.12.4",
    tag="cp312",
    soabi="cpython-312-aarch64-linux-gnu",
    platform="linux_aarch64",
)
HERE = Interpreter(
    path=sys.executable,
    version=".".join(map(str, sys.version_info[:3])),
    tag=f"cp{sys.version_info[0]}{sys.version_info[1]}",
    soabi=sysconfig.get_config_var("SOABI"),
    platform=sysconfig.get_platform(),
)
TARGET = Target(
    name="a64fx",
    summary="",
    machine="aarch64",
    archspec="a64fx",
    values={"acl_arch": "armv8.2-a", "threads": "48"},
    features=("asimd", "sve"),
)
COMPILERS = Compilers(
    toolchain="native",
    family="gcc",
    version="13.2.0",
    machine="aarch64",
    libc="glibc 2.39",
    paths={"cc": "/usr/bin/gcc", "cxx": "/usr/bin/g++"},
    digests={"cc": "c" * 64, "cxx": "d" * 64},
)
SETTING = Setting(target=TARGET, flags="-mcpu=a64fx", compilers=COMPILERS, python=PYTHON)
CONDITIONS = Conditions(
    version="1.0",
    python=PYTHON.version,
    target=TARGET.words,
    machine=TARGET.machine,
    toolchain=COMPILERS.words,
)


def recipe(
    name: str = "demo",
    body: str = "",
    *,
    head: str = "",
    kind: str = "library",
    versions: Sequence[str] = ("1.0",),
    build: str = '[build]\nbackend = "script"\n',
    source: str = "",
) -> str:
    """A good recipe with an archive source; `head` adds keys at the top, `body` tables below."""
    digests = "".join(f'"{version}" = "{SHA}"\n' for version in versions)
    archive = 'type = "archive"\nurl = "https://host.test/{version}.tgz"\n[source.sha256]\n'
    return (
        f'name = "{name}"\nkind = "{kind}"\nsummary = "A test"\nlicense = "MIT"\n'
        f"versions = {msgspec.json.encode(list(versions)).decode()}\n{head}\n"
        f"[source]\n{source or archive + digests}\n"
        f"{'' if kind == 'source' else build}\n{body}\n"
    )


def layer(text: str, shown: str = "recipes/demo.toml", folder: Path = Path("recipes")) -> Layer:
    """A layer that was never a file."""
    return Layer(shown, folder, tomli.loads(text), text)


def document(*texts: str, name: str = "demo") -> Document:
    """A recipe and the overlays over it; the second layer is shown as `overlay-1/NAME.toml`."""
    folders = ["recipes", *(f"overlay-{number}" for number in range(1, len(texts)))]
    layers = [
        layer(text, f"{folder}/{name}.toml", Path(folder))
        for folder, text in zip(folders, texts, strict=True)
    ]
    return Document(name, tuple(layers))


class Shelf:
    """A library of recipes given as text: one text, or the recipe and its overlays."""

    def __init__(self, texts: Mapping[str, str | Sequence[str]]) -> None:
        self._documents = {
            name: document(*([text] if isinstance(text, str) else text), name=name)
            for name, text in texts.items()
        }

    def document(self, name: str, where: str = "") -> Document:
        del where
        return self._documents[name]


class FakeView:
    """A store that holds `outputs` (by key) and a source cache that holds every pinned source."""

    def __init__(self) -> None:
        self.outputs: dict[str, str] = {}
        self.faults: dict[str, str] = {}
        self.missing: set[str] = set()
        self.wheels = "wheels-1"

    def identity(self, what: PinnedSource | WheelSet) -> str:
        return self.wheels if isinstance(what, WheelSet) else what.identity

    def have(self, what: PinnedSource | WheelSet) -> bool:
        return isinstance(what, WheelSet) or what.recipe not in self.missing

    def find(self, key: str, name: str, version: str) -> Found:
        if key not in self.outputs:
            return Found(None, self.faults.get(key, ""))
        return Found(Entry(Path("store", key), manifest(key, name, version, self.outputs[key])))

    def explain(self, step: Step, needs: Mapping[str, str]) -> tuple[str, ...]:
        del step, needs
        return ("never built",)


def manifest(key: str, name: str, version: str, output: str) -> Manifest:
    """The manifest of an entry without files."""
    return Manifest(
        key=key,
        name=name,
        version=version,
        step=f"build:{name}",
        inputs={},
        needs={},
        files=(),
        output=output,
        created=0.0,
        seconds=0.0,
    )


def refusal(work: Callable[[], object]) -> InputError:
    """The InputError that `work` ends with; it has to name a place and a remedy."""
    with pytest.raises(InputError) as caught:
        work()
    assert caught.value.what
    assert caught.value.where
    assert caught.value.remedy
    return caught.value


def resolved(
    texts: Mapping[str, str | Sequence[str]], *requirements: str, **request: Any
) -> Resolution:
    """What `requirements` (default: the first recipe) resolve to; `request` is Request's rest."""
    wanted = Request(
        requirements=requirements or (next(iter(texts)),), conditions=CONDITIONS, **request
    )
    return resolve(wanted, Shelf(texts), lambda _path: TREE)


def planned(
    texts: Mapping[str, str | Sequence[str]],
    *requirements: str,
    setting: Setting = SETTING,
    view: FakeView | None = None,
    **request: Any,
) -> Plan:
    """The plan of `requirements` over recipes given as text."""
    return plan(resolved(texts, *requirements, **request), setting, view or FakeView())
