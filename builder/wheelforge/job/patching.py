"""Applies patches: those that source packages bring, then the recipe's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from wheelforge import digest, patchfile, quilt
from wheelforge.backends.preparation import patch_command
from wheelforge.errors import InputError
from wheelforge.graph import BuildStep, Command
from wheelforge.job.job import Job

_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


async def patch(job: Job, step: BuildStep, paths: Mapping[str, str]) -> None:
    """Apply patches to the tree while it still has its temporary name, then give it its own.

    Those that source packages bring come first: the recipe's are made for what they leave.
    """
    part = job.work / "src.part"
    for command in _series(part, step):
        await job.run(command, paths, _ENV)
    for number, item in enumerate(step.patches, 1):
        try:
            found = digest.of_file(Path(item.file))
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=item.file) from error
        if found != item.sha256:
            raise InputError(
                f"its SHA-256 is {found}, and the recipe says {item.sha256}",
                where=item.file,
                remedy="restore the patch, or correct patches.sha256 in the recipe",
            )
        patchfile.vet(Path(item.file), item.strip, part)
        command = patch_command(f"patch-{number}", item.file, item.strip, str(part))
        await job.run(command, paths, _ENV)
    part.rename(job.work / "src")


def _series(part: Path, step: BuildStep) -> Iterator[Command]:
    for item in step.unpack:
        if item.source.series:
            folder = part / item.source.at
            for patch in quilt.series(folder / "patches", item.source.without):
                patchfile.vet(patch.file, patch.strip, folder.parent)  # as those before left it
                label = f"{item.source.recipe}: {patch.file.name}"
                yield patch_command(label, str(patch.file), patch.strip, str(folder.parent))
