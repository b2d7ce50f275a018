"""A wheel's bill of materials as a CycloneDX 1.6 document."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion

from wheelforge import digest
from wheelforge.bill import FORMAT, Bill, Part
from wheelforge.sbom.components import compiler, foreign, of_part, reference
from wheelforge.sbom.origins import Held

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:wheelforge:sbom")
_NO_NUMBER = uuid.UUID(int=0)


def document(bill: Bill, held: Sequence[Held], epoch: int) -> bytes:
    """The document; the same for the same parts and files.

    `held` are the files of other packages in the wheel, `epoch` is its time in seconds since 1970.
    """
    bom = _bom(bill, held)
    bom.metadata.timestamp = datetime.fromtimestamp(epoch, tz=UTC)
    bom.serial_number = _NO_NUMBER
    with warnings.catch_warnings():  # that the wheel needs nothing is no mistake
        warnings.filterwarnings("ignore", "The Component this BOM is describing", UserWarning)
        text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    number = uuid.uuid5(_NAMESPACE, digest.of_bytes(text.encode()))
    return (text.replace(str(_NO_NUMBER), str(number), 1) + "\n").encode()


def _bom(bill: Bill, held: Sequence[Held]) -> Bom:
    wheel, *below = bill.parts
    files = {part.name: [one for one in held if one.library == part.name] for part in bill.parts}
    places = dict(_places(bill, files))
    parts = {part.name: of_part(part, files[part.name], places[part.name]) for part in bill.parts}
    others = [foreign(group) for group in _systems(held)]
    tools = {reference(tool): compiler(tool) for part in bill.parts for tool in part.compilers}
    bom = Bom(components=[*(parts[part.name] for part in below), *others, *tools.values()])
    bom.metadata.component = parts[wheel.name]
    own = Component(
        name="wheelforge", type=ComponentType.APPLICATION, bom_ref="wheelforge",
        properties=[Property(name="wheelforge:format", value=FORMAT)],
    )  # fmt: skip
    bom.metadata.tools = ToolRepository(components=[own])
    for part in bill.parts:
        needs = [parts[name] for name in (*part.needs, *part.holds) if name in parts]
        bom.register_dependency(parts[part.name], [*needs, *(others if part is wheel else ())])
    for one in (*others, *tools.values()):
        bom.register_dependency(one)
    return bom


def _places(bill: Bill, files: Mapping[str, Sequence[Held]]) -> Iterator[tuple[str, str]]:
    """Where each part is to be found; what is below another wheel came with that."""
    known = {part.name: part for part in bill.parts}
    wheel = bill.parts[0]
    own = _reached(wheel, known)
    for part in bill.parts:
        if part is wheel:
            yield part.name, "the wheel itself"
        elif part.kind == "wheel":
            yield part.name, "a wheel of its own"
        elif files[part.name]:
            yield part.name, "in the wheel"
        elif part.name not in own:
            yield part.name, "below another wheel"
        elif part.kind == "source":
            yield part.name, "compiled in"
        else:
            yield part.name, "built with; no file of it is in the wheel"


def _reached(part: Part, known: Mapping[str, Part]) -> set[str]:
    """What is below a part without another wheel in between."""
    found: set[str] = set()
    wanted = [*part.holds, *part.needs]
    while wanted:
        name = wanted.pop()
        if name in known and name not in found and known[name].kind != "wheel":
            found.add(name)
            wanted += (*known[name].holds, *known[name].needs)
    return found


def _systems(held: Sequence[Held]) -> Iterator[list[Held]]:
    """The files that are no built library's, those of one package together."""
    groups: dict[str, list[Held]] = {}
    for one in held:
        if not one.library:
            name = one.owner.url if one.owner else f"{one.soname} {one.original or one.sha256}"
            groups.setdefault(name, []).append(one)
    yield from groups.values()
