"""What installers themselves say of a wheel: pip's reader, and the one of `installer`."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from installer.exceptions import InstallerError
from installer.sources import WheelFile
from pip._internal.exceptions import PipError
from pip._internal.utils.wheel import parse_wheel

from wheelforge.archive.zips import DAMAGE
from wheelforge.audit.rules import found
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding

_TOLD = frozenset(
    {
        "metadata.invalid",
        "metadata.name",
        "record.extra",
        "record.missing",
        "record.row",
        "wheel.file",
    }
)


def judge(wheel: Contents, before: frozenset[str]) -> Iterator[Finding]:
    """Nothing where rules told `before` what the readers would refuse as well."""
    if before & _TOLD:
        return
    for name, reader in (("pip", _pip), ("installer", _installer)):
        if why := reader(wheel.path):
            yield found("reader.refused", f"{name}: {named(why)}", wheel.path.name)


def _pip(path: Path) -> str:
    """What pip does with every wheel before it unpacks it."""
    try:
        with zipfile.ZipFile(path) as file:
            parse_wheel(file, path.name.partition("-")[0])
    except (PipError, *DAMAGE) as error:
        return str(error) or type(error).__name__
    return ""


def _installer(path: Path) -> str:
    """Digests are compared already."""
    try:
        with WheelFile.open(path) as file:
            file.read_dist_info("WHEEL")
            file.validate_record(validate_contents=False)
    except (InstallerError, AssertionError, *DAMAGE) as error:
        return str(error) or type(error).__name__
    return ""
