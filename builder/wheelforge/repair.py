"""The repair step: a wheel gets the libraries it needs and the tag it deserves."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from wheelforge import atomic, packing, wheel
from wheelforge.errors import RejectedError
from wheelforge.graph import RepairStep
from wheelforge.job import Job, fresh, link_programs
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
    return {
        os.fsencode(folder): name.encode()
        for place, name in places.items()
        for folder in (place, os.path.realpath(place))
    }


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
