from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fake_wheels import make_wheel
from wheelforge import catalog
from wheelforge.audit.expected import Expected, libraries
from wheelforge.audit.permits import read_permits

if TYPE_CHECKING:
    from wheelforge.audit import Asked


def asked(name: str, *given: Path, target: str = "") -> Asked:
    known = catalog.open_catalog((), ())
    processor = catalog.load_target(target) if target else None
    return Expected(known, read_permits(known, processor), processor, given).of(Path(name))


@pytest.mark.parametrize(
    ("name", "companions"),
    [
        ("torchvision-0.21.0-cp313-cp313-linux_aarch64.whl", {"torch": ("2.6.0",)}),
        ("torchaudio-2.5.1-cp312-cp312-linux_aarch64.whl", {"torch": ("2.5.1",)}),
        ("torchvision-0.3.0-cp313-cp313-linux_aarch64.whl", {"torch": ()}),  # not of the recipes
        ("torch-2.6.0-cp313-cp313-linux_aarch64.whl", {}),
        ("numpy-2.2.3-cp313-cp313-linux_aarch64.whl", {}),
    ],
)
def test_pairs_are_those_of_the_recipes(name: str, companions: dict[str, tuple[str, ...]]) -> None:
    found = asked(name)
    assert found.companions == companions
    assert {"torch", "minitorch"} <= found.providers
    assert found.page_size == 0


def test_what_recipes_leave_out() -> None:
    found = asked("torchaudio-2.5.1-cp312-cp312-linux_aarch64.whl")
    assert found.excluded == ("libtorchaudio.so",)
    assert found.accepted == frozenset()


def test_the_target_says_how_large_pages_are() -> None:
    name = "numpy-2.2.3-cp313-cp313-linux_aarch64.whl"
    assert asked(name, target="a64fx").page_size == 0x10000
    assert asked(name, target="x86-64-v3").page_size == 0x1000


def test_libraries_beside_it_are_those_of_other_wheels(tmp_path: Path) -> None:
    torch = make_wheel(tmp_path, "torch", files={"torch/lib/libc10.so": b"", "torch/x.py": b""})
    own = make_wheel(tmp_path, "demo", files={"demo/a.so.1": b""})
    found = asked(own.name, torch, own, tmp_path / "gone-1-py3-none-any.whl")
    assert found.beside == {"torch": frozenset({"libc10.so"})}
    assert libraries([tmp_path / "odd name"]) == {}
