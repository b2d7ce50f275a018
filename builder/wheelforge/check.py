"""The check step: what was built has to be what was asked for before anything builds on it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from wheelforge import atomic, elf, process
from wheelforge.errors import RejectedError
from wheelforge.events import OutputLine
from wheelforge.graph import CheckStep
from wheelforge.job import Job, fresh
from wheelforge.recipe import Check, ElfCheck, FileCheck, PythonCheck
from wheelforge.store import Entry
from wheelforge.trial import make_trial


async def check(job: Job, step: CheckStep) -> Entry:
    """Run every check; RejectedError names the first that failed. The result lists what passed."""
    async with job.alone() as made:
        if made is not None:
            return made
        started = time.monotonic()
        with atomic.told(job.work, "WHEELFORGE_HOME"):
            out = fresh(job.work / "out")
            passed = list(_files(job, step))
            passed += await _python(job, step)
            # what passed is in the inputs; the output stays the same when only checks change
            (out / "passed.json").write_bytes(msgspec.json.encode({"of": job.needs[step.of]}))
            for name in passed:
                job.tell(OutputLine(step=step.id, text=f"passed: {name}"))
            entry = job.publish(out, seconds=time.monotonic() - started)
        shutil.rmtree(job.work, ignore_errors=True)
        return entry


def _files(job: Job, step: CheckStep) -> Iterator[str]:
    root = job.results[step.of].path
    for item in step.checks:
        match item:
            case FileCheck():
                found = [path for path in root.glob(item.path) if path.is_file()]
                if len(found) != item.count:
                    raise _rejected(step, item, f"{len(found)} files match, not {item.count}")
                yield f"file {item.path}"
            case ElfCheck():
                _elf(step, item, root)
                yield f"elf {item.path}"
            case PythonCheck():
                continue


def _elf(step: CheckStep, item: ElfCheck, root: Path) -> None:
    found = [path.resolve() for path in sorted(root.glob(item.path)) if elf.is_elf(path.resolve())]
    if not found:
        raise _rejected(step, item, "no ELF file matches")
    for path in found:
        facts = elf.read(path)
        for text in item.contains:
            if not elf.contains(path, text):
                raise _rejected(step, item, f"{path.name} does not contain '{text}'")
        for name in item.needed:
            if not any(library.startswith(name) for library in facts.needed):
                raise _rejected(step, item, f"{path.name} does not need {name}")
        if facts.alignment < item.min_alignment:
            raise _rejected(
                step,
                item,
                f"{path.name} is aligned to {facts.alignment} bytes, not {item.min_alignment}",
            )


async def _python(job: Job, step: CheckStep) -> list[str]:
    checks = [item for item in step.checks if isinstance(item, PythonCheck)]
    if not checks:
        return []
    trial = await make_trial(step.python, job.work / "trial", {process.MARK: job.key})
    installed = await trial.install([job.results[name].product for name in step.install])
    installed.require("cannot be installed", step.id)
    for item in checks:
        job.tell(OutputLine(step=step.id, text=f"running: {item.name}"))
        outcome = await trial.check(item)
        outcome.require(f"the check '{item.name}' failed", step.id)
    trial.remove()
    return [item.name for item in checks]


def _rejected(step: CheckStep, item: Check, why: str) -> RejectedError:
    return RejectedError(
        f"the check of '{getattr(item, 'path', '')}' failed: {why}",
        where=step.id,
        remedy="the build did not do what the recipe asked for; read the log of its build step",
    )
