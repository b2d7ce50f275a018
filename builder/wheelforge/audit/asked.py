"""What a wheel is judged against."""

from __future__ import annotations

import msgspec


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`page_size` is that of the target's kernels in bytes, 0 where no target is named.

    `companions` are the packages it was built against, each with the versions of it that go with
    this wheel (none: any, but pinned). `providers` are packages that others link against.
    `beside` are the names of the libraries in the wheels given, by package; `excluded` are globs of
    those that are there where it runs. `accepted` are rules whose errors its recipe answers for.
    `homes` are folders of the machine that built it.
    """

    page_size: int = 0
    companions: dict[str, tuple[str, ...]] = {}
    providers: frozenset[str] = frozenset()
    beside: dict[str, frozenset[str]] = {}
    excluded: tuple[str, ...] = ()
    accepted: frozenset[str] = frozenset()
    homes: tuple[str, ...] = ()
