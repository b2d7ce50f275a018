"""The repair step of one pin: auditwheel, with a program of our own in front where it is needed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from wheelforge import digest, graft, packing, programs
from wheelforge.bill import FORMAT, Bill
from wheelforge.graph import Command, RepairStep, encoded, product
from wheelforge.pin import Pin
from wheelforge.plan.offers import Below, Offer
from wheelforge.plan.setting import SOURCE_DATE_EPOCH, Setting
from wheelforge.toolchain import SYSROOT

_PROGRAMS = ("auditwheel", "patchelf")
_GRAFT = "graft.py"


class _Tool(NamedTuple):
    """What is called with auditwheel's options; the files and named inputs it brings."""

    argv: tuple[str, ...]
    files: dict[str, str]
    inputs: dict[str, str]


def repair_step(pin: Pin, below: Below, setting: Setting, bill: Bill) -> RepairStep:
    """Libraries are searched in what the wheel depends on, then in the sysroot or this machine."""
    libraries, sysroot = below.libraries.values(), setting.compilers.sysroot
    beside = [offer for offer in below.wheels.values() if offer.into]
    folders = ":".join(offer.libraries for offer in libraries if offer.libraries)
    tool = _tool(pin, beside)
    options = [f"--exclude={name}" for name in pin.recipe.repair.exclude]
    inputs = {f"tool.{name}": programs.version(name) for name in _PROGRAMS} | tool.inputs
    inputs["repair.layout"] = packing.LAYOUT
    inputs["repair.exclude"] = " ".join(pin.recipe.repair.exclude)
    inputs["repair.libraries"] = folders
    inputs["sbom"] = f"{FORMAT} {digest.of_bytes(encoded(bill))}"
    if sysroot:  # what the wheel needs of its system comes from there, not from this machine
        own = ":".join(f"{SYSROOT}/{folder}" for folder in sysroot.folders)
        options.append(f"--ldpaths={own}")
        inputs["sysroot"] = sysroot.identity
    argv = (*tool.argv, *options, "--wheel-dir", "@{out}", "@{wheel}")
    return RepairStep(
        id=f"repair:{pin.name}",
        name=pin.name,
        version=pin.version,
        needs=(
            f"build:{pin.name}",
            *(offer.result for offer in (*libraries, *beside)),
            *bill.fetches,
        ),
        inputs=inputs,
        wheel=f"build:{pin.name}",
        commands=(Command(label="repair", argv=argv, cwd="@{out}"),),
        env={
            "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH,
            **({"AUDITWHEEL_LD_LIBRARY_PATH": folders} if folders else {}),
        },
        programs={name: str(programs.locate(name)) for name in _PROGRAMS},
        libraries={offer.name: offer.result for offer in libraries},
        distribution=pin.recipe.distribution,
        sysroot=sysroot.path if sysroot else "",
        files=tool.files,
        bill=bill,
    )


def _tool(pin: Pin, beside: Collection[Offer]) -> _Tool:
    into = pin.recipe.repair.into
    if not into and not beside:
        return _Tool(("auditwheel", "repair", "--plat", "auto"), {}, {})
    text = Path(graft.__file__).read_text(encoding="utf-8")
    python = str(
        programs.locate("python3")
    )  # by its place: a link to it would not find its modules
    return _Tool(
        (
            *(python, "-I", f"@{{work}}/{_GRAFT}"),
            *([f"--into={into}"] if into else []),
            *(f"--beside={offer.into}={product(offer.result)}" for offer in beside),
        ),
        {_GRAFT: text},
        {
            f"file.{_GRAFT}": digest.of_bytes(text.encode()),
            "repair.into": into,
            "repair.beside": " ".join(f"{offer.name}={offer.into}" for offer in beside),
        },
    )
