"""The check step: what was built has to be what was asked for."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wheelforge import archive, elf, process
from wheelforge.check.built import hold
from wheelforge.errors import InputError, RejectedError
from wheelforge.events import Notice, OutputLine
from wheelforge.graft import COPIED
from wheelforge.graph import CheckStep, IsaCheck, WheelCheck
from wheelforge.job import Job, fresh
from wheelforge.recipe import Check, ElfCheck, FileCheck, PythonCheck
from wheelforge.sigill import Reporter
from wheelforge.store import EVIDENCE, MANIFEST, Entry
from wheelforge.template import render
from wheelforge.trial import make_trial
from wheelforge.untrusted import printable
from wheelforge.wheel import parse_name

if TYPE_CHECKING:
    from wheelforge.audit import Finding

__all__ = ["check"]

_AUDITWHEEL_HASH = re.compile(r"-[0-9a-f]{8}(?=\.so)")


async def check(job: Job, step: CheckStep) -> Entry:
    """Run every check; RejectedError names the first that failed. The result lists what passed."""
    async with job.alone() as made:
        if made is not None:
            return made
        started = time.monotonic()
        out = fresh(job.work / "out")
        passed = await job.blocking(lambda: list(_files(job, step)))
        held = await job.blocking(lambda: hold(job, step))
        passed += held.passed
        if step.wheel is not None and job.results[step.of].manifest.product:
            for text in await job.blocking(partial(_rules, job, step, step.wheel)):
                job.tell(Notice(text=f"{step.id}: {text}"))
            passed.append("rules for wheels")
        passed += await _python(job, step)
        # what passed is in the inputs; the output stays the same when only checks change
        (out / "passed.json").write_bytes(msgspec.json.encode({"of": job.needs[step.of]}))
        for name in passed:
            job.tell(OutputLine(step=step.id, text=f"passed: {name}"))
        if held.unseen:  # not proven, so nothing that says so is kept: it runs again next time
            text = f"{step.id}: how it was compiled was not checked: {held.unseen}"
            job.tell(Notice(text=text))
            return await job.leave(seconds=time.monotonic() - started)
        return await job.publish(out, seconds=time.monotonic() - started)


def _files(job: Job, step: CheckStep) -> Iterator[str]:
    items = [item for item in step.checks if isinstance(item, FileCheck | ElfCheck)]
    root = _tree(job, step) if items or step.isa else job.work
    for item in items:
        found = [path for path in sorted(root.glob(item.path)) if not path.is_dir()]
        found = [path for path in found if path not in {root / MANIFEST, root / EVIDENCE}]
        if isinstance(item, FileCheck):
            count = sum(path.is_file() for path in found)
            if count != item.count:
                raise _rejected(step, item, f"{count} files match, not {item.count}")
            yield f"file {item.path}"
            continue
        if not found:
            raise _rejected(step, item, "no file matches")
        for path in found:
            for why in _elf_faults(path, item, root.resolve()):
                raise _rejected(step, item, f"{path.relative_to(root)} {why}")
        yield f"elf {item.path}"
    if step.isa is not None:
        copied = job.results[step.of].path / COPIED
        _isa(root, step, step.isa, copied.read_text().splitlines() if copied.is_file() else ())
        yield "isa"


def _isa(root: Path, step: CheckStep, wanted: IsaCheck, copied: Collection[str]) -> None:
    """What the repair brought in is passed over: it was checked where it was built, if it was."""
    from wheelforge.isa.gate import outside

    paths = [
        path
        for path in sorted(root.rglob("*"))
        if elf.is_elf(path)
        and path.relative_to(root).as_posix() not in copied
        and not any(part.endswith(".libs") for part in path.parent.parts)
    ]
    for path, why in outside(paths, wanted.machine, wanted.features, wanted.dispatch):
        raise RejectedError(
            f"the check of instruction sets failed: {path.relative_to(root)} {why}",
            where=step.id,
            remedy="the build took flags for another processor; if these functions are chosen at "
            "run time, name them in [audit] dispatch of the recipe",
        )


def _rules(job: Job, step: CheckStep, wanted: WheelCheck) -> list[str]:
    """The warnings of the rules for wheels; RejectedError where there are errors.

    The step's log has every finding.
    """
    from wheelforge.audit import Asked, gate
    from wheelforge.audit.expected import libraries

    wheel = job.results[step.of].product
    asked = Asked(
        page_size=wanted.page_size,
        companions={name: (version,) for name, version in wanted.companions.items()},
        beside=libraries(job.results[name].product for name in step.install if name != step.of),
        excluded=wanted.excluded,
        accepted=frozenset(wanted.accepted),
        homes=(str(job.workshop.home),),
    )
    found = gate(wheel, fresh(job.work / "rules"), asked)
    job.log.parent.mkdir(parents=True, exist_ok=True)
    with job.log.open("a", encoding="utf-8") as log:
        log.writelines(f"{item.level}: {_shown(item)}\n" for item in found)
    errors = [item for item in found if item.level == "error"]
    if errors:
        lines = [f"{item.where}: {item.what} ({item.check}: {item.why})" for item in errors]
        raise RejectedError(
            "\n  ".join([f"{wheel.name} breaks the rules for wheels", *lines]),
            where=step.id,
            remedy="\n  ".join(dict.fromkeys(item.mend for item in errors)),
        )
    warnings = [item for item in found if item.level == "warning"]
    return [f"warning: {_shown(item)}" for item in warnings]


def _shown(item: Finding) -> str:
    return printable(f"{item.where}: {item.what} ({item.check})")


def _tree(job: Job, step: CheckStep) -> Path:
    """The files to look at: a library's prefix, or what is in the wheel."""
    entry = job.results[step.of]
    if not entry.manifest.product:
        return entry.path
    tree = fresh(job.work / "wheel")
    archive.unpack(entry.product, tree, strip=0)
    return tree


def _elf_faults(path: Path, item: ElfCheck, root: Path) -> Iterator[str]:
    """What is wrong with the ELF file `path` is, or leads to inside `root`."""
    real = path.resolve()
    if not real.is_relative_to(root):
        yield f"leads outside the result, to {real}"
        return
    if not elf.is_elf(real):
        yield "is not an ELF file"
        return
    try:
        facts = elf.read(real)
    except InputError as error:
        yield f"is {error.what}"
        return
    absent = (text for text in item.contains if not elf.contains(real, text))
    yield from (f"does not contain '{text}'" for text in absent)
    for name in item.needed:
        if not any(_is_library(library, name) for library in facts.needed):
            yield f"does not need {name}"
    if facts.alignment < item.min_alignment:
        yield f"is aligned to {facts.alignment} bytes, not {item.min_alignment}"


def _is_library(library: str, name: str) -> bool:
    """`libx` and `libx.so` mean every version of it, also under auditwheel's name libx-1f2e….so."""
    plain = _AUDITWHEEL_HASH.sub("", library)
    return name in {library, plain} or plain.startswith(f"{name}.")


async def _python(job: Job, step: CheckStep) -> list[str]:
    checks = [item for item in step.checks if isinstance(item, PythonCheck)]
    if not checks:
        return []
    job.log.parent.mkdir(parents=True, exist_ok=True)
    wheels = [job.results[name].product for name in step.install]
    if step.wheels is not None:
        await job.verified([step.wheels])
        wheels += _others(job.workshop.sources.files(step.wheels), wheels)
    own = {process.MARK: job.mark, "UV_CACHE_DIR": job.interpreters}
    reporter = Reporter(home=job.workshop.home, compiler=_compiler(step))
    trial = await make_trial(step.python, job.work / "trial", own, log=job.log, reporter=reporter)
    installed = await trial.install(wheels)
    installed.require("cannot be installed", step.id)
    for item in checks:
        job.tell(OutputLine(step=step.id, text=f"running: {item.name}"))
        outcome = await trial.check(item)
        outcome.require(f"the check '{item.name}' failed", step.id)
        if outcome.ran:
            job.tell(OutputLine(step=step.id, text=f"ran: {outcome.ran}"))
    return [item.name for item in checks]


def _compiler(step: CheckStep) -> tuple[str, ...]:
    """The words that call the step's C compiler, which compiles for where the Python runs."""
    paths = {"sysroot": step.python.env.get("QEMU_LD_PREFIX", "")}
    return tuple(render(word, paths.__getitem__) for word in step.compiler)


def _others(fetched: Sequence[Path], built: Sequence[Path]) -> list[Path]:
    """What was fetched and not built: the wheel that was built here is the one to try."""
    own = {parse_name(path.name)[0] for path in built}
    return [path for path in fetched if parse_name(path.name)[0] not in own]


def _rejected(step: CheckStep, item: Check, why: str) -> RejectedError:
    return RejectedError(
        f"the check of '{getattr(item, 'path', '')}' failed: {why}",
        where=step.id,
        remedy="the build did not do what the recipe asked for; read the log of its build step",
    )
