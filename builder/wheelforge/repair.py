"""The repair step: a wheel gets the libraries it needs and the tag it deserves."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import Version

from wheelforge import atomic, packing, sbom, wheel
from wheelforge.bill import Bill, Origin
from wheelforge.errors import RejectedError
from wheelforge.graft import ORIGINS
from wheelforge.graph import RepairStep
from wheelforge.job import Job, fresh, link_programs
from wheelforge.sbom import Ground, Library
from wheelforge.store import Entry, work_name


async def repair(job: Job, step: RepairStep) -> Entry:
    """Run auditwheel on a built wheel; a wheel without machine code is taken as it is."""
    async with job.alone() as made:
        if made is not None:
            return made
        started = time.monotonic()
        out = fresh(job.work / "out")
        raw = job.results[step.wheel].product
        _names_agree(raw, step)
        if all(tag.endswith("-any") for tag in wheel.parse_name(raw.name)[2]):
            shutil.copy2(raw, out / raw.name)
        else:
            await _run(job, step, raw, out)
        product = _one_wheel(out, step)
        if step.bill is not None:
            bill = _identified(step.bill, job.needs)
            ground = _ground(job, step, bill, out)
            epoch = int(step.env["SOURCE_DATE_EPOCH"])
            await job.blocking(lambda: sbom.add(out / product, raw, bill, ground, epoch))
        await job.blocking(lambda: packing.pack(out / product, _traces(job, step)))
        return await job.publish(out, product=product, seconds=time.monotonic() - started)


async def _run(job: Job, step: RepairStep, raw: Path, out: Path) -> None:
    wheels = {name: entry for name, entry in job.results.items() if entry.manifest.product}
    paths = {
        "out": str(out),
        "wheel": str(raw),
        "work": str(job.work),
        "sysroot": step.sysroot,
        **{f"dep.{name}": str(job.results[other].path) for name, other in step.libraries.items()},
        **{f"wheel.{name.replace(':', '.')}": str(entry.product) for name, entry in wheels.items()},
    }
    link_programs(job.work / "bin", step.programs)
    for name, text in step.files.items():
        atomic.write_if_changed(job.work / name, text.encode())
    env = {
        "PATH": f"{job.work}/bin:/usr/bin:/bin",
        "HOME": str(job.work),
        "TMPDIR": str(fresh(job.work / "tmp")),
        "LC_ALL": "C.UTF-8",
        **step.env,
    }
    for command in step.commands:
        await job.run(command, paths, env)


def _traces(job: Job, step: RepairStep) -> dict[bytes, bytes]:
    """The folders it was built in and against, each with what stands for it on any machine."""
    work = job.workshop.home / "work" / work_name(job.results[step.wheel].manifest.key)
    places = {work: "/wheelforge/build"}
    places |= {job.results[other].path: f"/wheelforge/{name}"
               for name, other in step.libraries.items()}  # fmt: skip
    if step.sysroot:
        places[Path(step.sysroot)] = "/wheelforge/sysroot"
    return {
        os.fsencode(folder): name.encode()
        for place, name in places.items()
        for folder in (place, os.path.realpath(place))
    }


def _identified(bill: Bill, needs: Mapping[str, str]) -> Bill:
    """The bill with what only fetching could tell: a tag's commit."""

    def told(origin: Origin) -> Origin:
        known = origin.identity or needs[origin.fetch]
        return msgspec.structs.replace(origin, identity=known, fetch="")

    parts = (
        msgspec.structs.replace(part, sources=tuple(map(told, part.sources))) for part in bill.parts
    )
    return msgspec.structs.replace(bill, parts=tuple(parts))


def _ground(job: Job, step: RepairStep, bill: Bill, out: Path) -> Ground:
    """Where libraries may be from that were put into the wheel."""
    libraries = []
    for name, other in step.libraries.items():
        entry = job.results[other]
        files = {one.path: one.digest.partition(":")[2] for one in entry.manifest.files}
        libraries.append(Library(name, entry.path, files))
    told = out / ORIGINS
    lines = told.read_text(encoding="utf-8").splitlines() if told.is_file() else []
    told.unlink(missing_ok=True)  # it holds places of this machine
    pairs = (line.partition("\t") for line in lines)
    return Ground(
        libraries=tuple(libraries),
        told={path: Path(file) for path, _, file in pairs},
        sysroot=Path(step.sysroot) if step.sysroot else None,
        folders=bill.folders,
        packages=bill.packages,
    )


def _names_agree(raw: Path, step: RepairStep) -> None:
    facts = wheel.read(raw)
    name = step.distribution or step.name
    if facts.name != canonicalize_name(name) or Version(facts.version) != Version(step.version):
        raise RejectedError(
            f"the build made {facts.name} {facts.version}, not {name} {step.version}",
            where=step.id,
            remedy="tell the build its version (the recipe's build.env), or correct the recipe",
        )


def _one_wheel(out: Path, step: RepairStep) -> str:
    wheels = sorted(out.glob("*.whl"))
    if len(wheels) != 1:
        raise RejectedError(
            f"auditwheel left {len(wheels)} wheels instead of one",
            where=step.id,
            remedy="auditwheel could not make it portable: read the log",
        )
    return wheels[0].name
