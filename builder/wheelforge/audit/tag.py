"""Whether the tag promises what the libraries keep: machine, Python, age of the system."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wheelforge.audit.policy import machine_of, served
from wheelforge.audit.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding
    from wheelforge.audit.objects import Object
    from wheelforge.audit.policy import Policy

_MODULE = re.compile(r"\.cpython-(\d{2,3}t?)d?-[\w-]+\.so$")
_CPYTHON = re.compile(r"cp(\d{2,3})")
_MACHINES = {"i686": "386", "i586": "386", "ppc64le": "ppc64", "s390x": "s390", "armv7l": "arm",
             "armv6l": "arm", "riscv64": "riscv"}  # fmt: skip


def judge(wheel: Contents, policy: Policy | None) -> Iterator[Finding]:
    """Nothing of this is asked of a wheel without machine code."""
    if not wheel.objects:
        return
    name = wheel.path.name
    if "any" in wheel.platforms:
        yield found("tag.any", f"{wheel.objects[0].path} is machine code", name)
        return
    if any(platform.startswith("linux_") for platform in wheel.platforms):
        yield found("tag.linux", f"the tag is {', '.join(sorted(wheel.platforms))}", name)
    yield from _python(wheel)
    machines = {_MACHINES.get(word, word) for item in wheel.platforms if (word := machine_of(item))}
    inside = {item.name for item in wheel.objects} | {item.loading.soname for item in wheel.objects}
    for item in wheel.objects:
        if machines and item.loading.machine not in machines:
            what = f"is for {item.loading.machine}, and the tag for {', '.join(sorted(machines))}"
            yield found("tag.machine", what, item.path)
        elif policy is not None:
            yield from _floor(item, policy, inside)


def _floor(item: Object, policy: Policy, inside: set[str]) -> Iterator[Finding]:
    asked = [
        (version.library, version.name)
        for version in item.symbols.versions
        if version.library not in inside
    ]
    beyond = sorted({name for library, name in asked if policy.lacks(library, name)})
    beyond += sorted(
        want.name
        for want in item.symbols.wanted
        if want.version and want.name in policy.forbidden.get(want.version.library, ())
    )
    if beyond:
        right = served(policy.name, asked)
        what = f"needs {', '.join(beyond)}, which {policy.name} does not promise"
        yield found("tag.floor", what + (f"; {right} does" if right else ""), item.path)


def _python(wheel: Contents) -> Iterator[Finding]:
    tagged = {match[1] for tag in wheel.tags if (match := _CPYTHON.fullmatch(tag.interpreter))}
    if not tagged or any(tag.abi in {"none", "abi3"} for tag in wheel.tags):
        return
    for item in wheel.objects:
        match = _MODULE.search(item.name)
        if match and match[1].rstrip("t") not in tagged:
            what = f"is for Python {match[1]}, and the tag for {', '.join(sorted(tagged))}"
            yield found("tag.python", what, item.path)
