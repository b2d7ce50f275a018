"""The steps of one pin: fetch its sources, build it, repair its wheel, check the result."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping

import msgspec

from wheelforge import digest
from wheelforge.audit.rules import RULES, VERSION
from wheelforge.errors import InputError, nearest
from wheelforge.graph import (
    CheckStep,
    FetchStep,
    IsaCheck,
    Step,
    WheelCheck,
    WheelSet,
    built,
    encoded,
)
from wheelforge.pin import Pin, PinnedSource
from wheelforge.plan.as_asked import as_asked
from wheelforge.plan.billing import Bills
from wheelforge.plan.building import Builder
from wheelforge.plan.filling import filled
from wheelforge.plan.offers import Below, Offers
from wheelforge.plan.repairing import repair_step
from wheelforge.plan.requirements import fetch_step, source_step, wheel_set
from wheelforge.plan.setting import Setting, Where
from wheelforge.recipe import BUILD_CHECKS, Check, Key, PathSource
from wheelforge.template import expand


class Layout:
    """Lays out pins one after the other, dependencies first."""

    def __init__(self, setting: Setting, where: Where) -> None:
        self._setting = setting
        self._where = where
        self._offers = Offers(where)
        self._bills = Bills(setting)
        self._versions: dict[str, str] = {}

    def steps(self, pin: Pin) -> Iterator[Step]:
        """The steps of `pin`, each after what it needs."""
        self._versions[pin.name] = pin.version
        values = self._values(pin)
        below = self._offers.below(pin)
        builder = Builder(pin, values, below, self._setting, self._where)
        fetches = [
            _fetch(source) for source in pin.sources if not isinstance(source.source, PathSource)
        ]
        if requirements := builder.fetch():
            fetches.append(requirements)
        yield from fetches
        yield builder.step(fetches)
        self._offers.add(pin, below, values)
        self._bills.add(pin)
        if pin.recipe.kind == "wheel":
            yield repair_step(pin, below, self._setting, self._bills.of(pin))
        if pin.recipe.checks:
            yield from self._check(pin, below, values)

    def _values(self, pin: Pin) -> dict[str, str]:
        """The values a recipe may refer to as `{version}`, `{target.acl_arch}`, `{pin.torch}` …"""
        return {
            **self._setting.values,
            "name": pin.name,
            "version": pin.version,
            **{f"pin.{name}": self._versions[name] for name in pin.depends},
            **{f"pin.{item.recipe}": item.version for item in pin.sources if item.nested},
        }

    def _check(self, pin: Pin, below: Below, values: Mapping[str, str]) -> Iterator[Step]:
        checks = self._filled_checks(pin, below, values)
        wheel = pin.recipe.kind == "wheel"
        result = f"repair:{pin.name}" if wheel else f"build:{pin.name}"
        others = [offer.result for offer in below.wheels.values()]
        wheels = (result, *others) if wheel else ()
        inputs = {f"check.{n}": digest.of_bytes(encoded(check)) for n, check in enumerate(checks)}
        isa = self._isa(pin)
        if isa is not None:
            inputs["check.isa"] = digest.of_bytes(encoded(isa))
        rules = self._rules(pin, below) if wheel else None
        if rules is not None:
            inputs["check.wheel"] = digest.of_bytes(encoded(rules))
        if wheel:
            inputs["python"] = self._setting.python_words
        if wheel and (emulated := self._setting.python.env.get("QEMU_CPU")):
            inputs["cpu"] = emulated  # what one CPU runs, another may refuse
        more = self._trial(pin, below)
        held = any(isinstance(item, BUILD_CHECKS) for item in checks)
        evidence = [built(pin.name)] if held else []  # of a wheel: before it was repaired
        fetches = [] if more is None else [fetch_step(pin, more, "trial")]
        yield from fetches
        yield CheckStep(
            id=f"check:{pin.name}",
            name=pin.name,
            version=pin.version,
            needs=tuple(
                dict.fromkeys([*(step.id for step in fetches), *(wheels or (result,)), *evidence])
            ),
            inputs=inputs,
            of=result,
            install=wheels,
            python=self._setting.python,
            checks=checks,
            wheels=more,
            compiler=tuple(shlex.split(self._setting.compilers.commands.get("cc", ""))),
            isa=isa,
            wheel=rules,
        )

    def _filled_checks(
        self, pin: Pin, below: Below, values: Mapping[str, str]
    ) -> tuple[Check, ...]:
        """Values are filled in everywhere but in code, where braces belong to Python.

        Paths are known where evidence names them: not to what looks at the result.
        """
        checks = []
        for number, check in enumerate(pin.recipe.checks):
            paths = below.paths if isinstance(check, BUILD_CHECKS) else ()

            def fill(text: str, key: Key, paths: Collection[str] = paths) -> str:
                return expand(text, values, lambda: self._where(pin.name, *key), paths=paths)

            fields = set(check.__struct_fields__) - {"code"}
            wanted = as_asked(check, pin.recipe.build)
            if wanted is not None:
                checks.append(filled(wanted, fill, ("checks", number), fields))
        return tuple(checks)

    def _isa(self, pin: Pin) -> IsaCheck | None:
        """For AArch64, whose words can be looked up; x86-64 takes a minute for a torch."""
        target = self._setting.target
        if target.machine != "aarch64":
            return None
        return IsaCheck(
            machine=target.machine,
            features=target.features,
            dispatch=pin.recipe.audit.dispatch,
        )

    def _rules(self, pin: Pin, below: Below) -> WheelCheck:
        """What a wheel has to pin are those whose companion it is."""
        for rule in pin.recipe.audit.accept:
            if rule not in RULES:
                raise InputError(
                    f"there is no rule '{rule}'",
                    where=self._where(pin.name, "audit", "accept"),
                    remedy=nearest(rule, RULES),
                )
        return WheelCheck(
            rules=VERSION,
            page_size=self._setting.target.page_size,
            companions={
                offer.project: self._versions[offer.name]
                for offer in below.direct
                if pin.name in offer.companions
            },
            excluded=pin.recipe.repair.exclude,
            accepted=pin.recipe.audit.accept,
        )

    def _trial(self, pin: Pin, below: Below) -> WheelSet | None:
        """What this wheel and those it depends on require where they are tried."""
        own = wheel_set(pin, pin.recipe.trial.requires, "trial", self._setting, self._where)
        inherited = [text for offer in below.wheels.values() for text in offer.trial]
        if not inherited:
            return own
        together = dict.fromkeys([*pin.recipe.trial.requires, *inherited])
        return wheel_set(pin, tuple(together), "trial", self._setting, self._where)


def _fetch(source: PinnedSource) -> FetchStep:
    return FetchStep(
        id=source_step(source),
        name=source.recipe,
        version=source.version,
        what=msgspec.structs.replace(source, at="") if source.at else source,
    )
