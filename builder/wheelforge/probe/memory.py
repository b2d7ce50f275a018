"""What a program said of itself, for as long as the program stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from wheelforge.digest import Memo


def remembered(name: str, path: Path, memo: Memo) -> dict[str, str] | None:
    match memo.get(name):
        case [signature, dict(value)] if signature == _signature(path):
            return dict(value)
    return None


def remember(name: str, path: Path, value: dict[str, str], memo: Memo) -> None:
    memo.put(name, [_signature(path), value])


def _signature(path: Path) -> list[int]:
    info = path.stat()
    return [info.st_size, info.st_mtime_ns, info.st_ino]
