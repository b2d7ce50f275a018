"""What a package gives to those that depend on it, directly or through others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from wheelforge.pin import Pin
from wheelforge.plan.setting import Where
from wheelforge.recipe import Key
from wheelforge.template import PATHS, expand


class Offer(NamedTuple):
    """A package as its dependents see it.

    `result` is the step whose result they use, `last` the one that has to end well before they
    start. `env`, `packages` (for pkg-config) and `libraries` refer to its prefix as `@{dep.NAME}`;
    `below` are the packages of its own kind that come with it, `trial` what a wheel requires to be
    tried, `into` its folder of libraries that others find loaded under their own names. A wheel
    calls itself `project`, and `companions` are built for the one version of it.
    """

    name: str
    kind: str
    result: str
    last: str
    prefix: str
    packages: str
    libraries: str
    env: Mapping[str, str]
    trial: tuple[str, ...]
    into: str
    below: Mapping[str, Offer]
    project: str
    companions: frozenset[str]


class Below(NamedTuple):
    """What a package depends on by kind, directly or through packages of that kind.

    Direct dependencies come first, so that what they offer is found first. `direct` are those of
    any kind.
    """

    direct: tuple[Offer, ...]
    libraries: Mapping[str, Offer]
    wheels: Mapping[str, Offer]

    @property
    def paths(self) -> Collection[str]:
        """The paths a build can refer to: its own, and the libraries' as `dep.NAME`."""
        return _Paths(self.libraries)


class Offers:
    """The offers of all packages laid out so far; dependencies come first."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._offers: dict[str, Offer] = {}

    def below(self, pin: Pin) -> Below:
        """What `pin` depends on."""
        direct = tuple(self._offers[name] for name in pin.depends)
        return Below(direct, _closure(direct, "library"), _closure(direct, "wheel"))

    def add(self, pin: Pin, below: Below, values: Mapping[str, str]) -> None:
        """Note what `pin` offers; `values` are those that its recipe may refer to."""
        name, kind, exports = pin.name, pin.recipe.kind, pin.recipe.exports
        prefix = f"@{{dep.{name}}}"
        result = f"repair:{name}" if kind == "wheel" else f"build:{name}"
        self._offers[name] = Offer(
            name=name,
            kind=kind,
            result=result,
            last=f"check:{name}" if pin.recipe.checks else result,
            prefix=prefix,
            packages=f"{prefix}/lib/pkgconfig:{prefix}/share/pkgconfig",
            libraries=":".join(f"{prefix}/{folder}" for folder in exports.libraries),
            env=self._exported(name, exports.env, {**values, "prefix": prefix}),
            trial=pin.recipe.trial.requires,
            into=pin.recipe.repair.into,
            below=below.wheels if kind == "wheel" else below.libraries,
            project=pin.recipe.distribution or name,
            companions=frozenset(pin.recipe.companions),
        )

    def _exported(
        self, name: str, env: Mapping[str, str], values: Mapping[str, str]
    ) -> dict[str, str]:
        def fill(text: str, key: Key) -> str:
            return expand(text, values, lambda: self._where(name, "exports", "env", *key), paths=())

        return {variable: fill(text, (variable,)) for variable, text in env.items()}


def _closure(direct: Collection[Offer], kind: str) -> dict[str, Offer]:
    found = {offer.name: offer for offer in direct if offer.kind == kind}
    for offer in list(found.values()):
        found |= offer.below
    return found


class _Paths(Collection[str]):
    """Made only to be asked: most packages have many libraries below and refer to none."""

    def __init__(self, libraries: Mapping[str, Offer]) -> None:
        self._libraries = libraries

    def __contains__(self, name: object) -> bool:
        text = str(name)
        return text in PATHS or (text[:4] == "dep." and text[4:] in self._libraries)

    def __iter__(self) -> Iterator[str]:
        yield from PATHS
        yield from (f"dep.{name}" for name in self._libraries)

    def __len__(self) -> int:
        return len(PATHS) + len(self._libraries)
