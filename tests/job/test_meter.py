"""Which lines of a build tool are a compile."""

from __future__ import annotations

import pytest

from wheelforge.job.meter import Meter


@pytest.mark.parametrize(
    ("line", "compiles"),
    [
        ("gcc -O2 -c a.c -o a.o", True),
        ("/usr/bin/aarch64-linux-gnu-g++-12 -DX -c a.cc", True),
        ("  CC   kernel/a.o", True),
        ("cd x && /opt/bin/gfortran -c a.f", True),
        ("gcc a.o -o a", False),
        ("gcc -o a -cc", False),
        ("-c gcc a.o", False),
        ("echo done", False),
    ],
)
def test_compiles(line: str, *, compiles: bool) -> None:
    meter = Meter(lambda _done, _total: None, 0)
    meter.read(line)
    assert meter.units == compiles


def test_a_line_of_a_million_compilers_takes_no_longer() -> None:
    meter = Meter(lambda _done, _total: None, 0)
    meter.read("/gcc " * 200_000)
    assert meter.units == 0
