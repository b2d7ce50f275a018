"""What is taken from this machine's apt: where archives are and how they are reached."""

from __future__ import annotations

import pytest
from systems import Shop

from wheelforge.fetch.apt_sources import Archive
from wheelforge.sysroots import archives
from wheelforge.sysroots.unpack import complaint


def test_only_how_archives_are_reached_travels_along(shop: Shop) -> None:
    (shop.folder / "auth.conf").touch()
    assert archives.options().splitlines() == [
        'Acquire::http::Proxy "http://proxy.invalid:1";',
        f'Dir::Etc::netrc "{shop.folder}/auth.conf";',
        f'Dir::Etc::netrcparts "{shop.folder}/auth.conf";',
        'APT::Sandbox::User "";',
    ]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:secret@one.invalid:8/debian", "https://one.invalid:8/debian"),
        ("http://one.invalid/debian/", "http://one.invalid/debian/"),
        ("mirror+file:/etc/apt/mirrors.txt", "mirror+file:/etc/apt/mirrors.txt"),
        ("file:/srv/debian", "file:/srv/debian"),
    ],
)
def test_passwords_are_not_shown(address: str, shown: str) -> None:
    assert archives.shown(Archive(address, (), (), ())) == shown


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ("I: a\nE: one\nW: x\nE: two\nE: one\n", "one; two"),
        ("I: a\nlast words", "last words"),
        ("", "no reason given"),
    ],
)
def test_a_complaint_is_short(output: str, shown: str) -> None:
    assert complaint(output) == shown
