"""The page about one run: finds the run, reads it, writes the page."""

from __future__ import annotations

from pathlib import Path

from wheelforge import atomic
from wheelforge.errors import InputError, nearest
from wheelforge.pipeline.options import Home
from wheelforge.report import Figures, figures, page, read
from wheelforge.store import going_on


def report(run: str, output: Path | None, home: Home) -> tuple[Figures, Path]:
    """Write the page about a run (see `find`) to `output`, or `report.html` in the run's folder."""
    folder = find(run, home.root / "runs")
    line = read(folder, running=going_on(folder))
    path = output or folder / "report.html"
    with atomic.told(path.parent, "--output"):
        atomic.write(path, page(line).encode())
    return figures(line), path


def examined(run: str, home: Home) -> Figures:
    """A run's figures, without writing anything."""
    folder = find(run, home.root / "runs")
    return figures(read(folder, running=going_on(folder)))


def find(run: str, runs: Path) -> Path:
    """The folder of a run, by its id, its path or that of a file in it; "" is the newest run."""
    known = sorted(entry.name for entry in runs.iterdir()) if runs.is_dir() else []
    if not run:
        if not known:
            raise InputError(
                "there are no runs yet", where=str(runs), remedy="wheelforge build NAME makes one"
            )
        return runs / known[-1]
    if run in known:
        return runs / run
    path = Path(run)
    if path.is_file():
        return path.resolve().parent
    if path.is_dir():
        return path.resolve()
    raise InputError(f"there is no run '{run}'", where=str(runs), remedy=nearest(run, known))
