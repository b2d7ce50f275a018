"""Brings a Git tag, with submodules, as one tar file that is the same wherever it is made.

Objects are kept in a bare mirror per repository address, so that a second version costs little.
"""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import TYPE_CHECKING

from wheelforge import process
from wheelforge.errors import InputError
from wheelforge.fetch import git_address, git_tree
from wheelforge.fetch.errand import Brought, Errand
from wheelforge.fetch.git_mirror import Mirror, complaint
from wheelforge.fetch.git_tree import Part
from wheelforge.fetch.record import safe_name, static_identity
from wheelforge.fetch.web import shown

if TYPE_CHECKING:
    from wheelforge.fetch.git_mirror import Link
    from wheelforge.pin import PinnedSource
    from wheelforge.recipe import GitSource

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_MAX_DEPTH = 10


async def bring(what: PinnedSource, source: GitSource, errand: Errand) -> Brought:
    """Fetch the tag, check its commit, collect submodules, and write the tar file."""
    wanted = static_identity(what).removeprefix("git:").lower()
    top, address = await _top(source, wanted, errand)
    if wanted and top.commit != wanted:
        raise InputError(
            f"tag {source.tag} is commit {top.commit}, but the recipe wants {wanted}",
            where=shown(address),
            remedy="the tag was moved: find out why before you correct source.commit in the recipe",
        )
    parts = [top]
    if source.submodules:
        parts += await _below(top, address, errand, 1)
    name = f"{what.recipe}-{what.version}"
    result = errand.scratch / f"{safe_name(name, top.commit)}.tar"
    errand.tell(f"writing the tree of commit {top.commit} ({len(parts)} repositories)")
    await errand.blocking(partial(git_tree.write, parts, name, result, errand.stop))
    return Brought((result,), f"git:{top.commit}", shown(address))


async def _top(source: GitSource, wanted: str, errand: Errand) -> tuple[Part, str]:
    """The tag's commit, from the mirror when it is there, else from the first good address."""
    mirror = Mirror(errand, source.url)
    ref = source.tag if _COMMIT.fullmatch(source.tag) else f"refs/tags/{source.tag}"
    addresses = [git_address.checked(item) for item in (source.url, *source.mirrors)]
    reasons = ""
    async with mirror.locked():
        if wanted and await mirror.commit(wanted):
            return Part(mirror, wanted, ""), source.url
        for address in addresses:
            if errand.offline and not git_address.is_local(address):
                continue
            try:
                await mirror.fetch(address, ref)
            except process.ProgramError as error:
                reasons += f"\n    {shown(address)}: {complaint(error)}"
            else:
                return Part(mirror, await mirror.commit(ref), ""), address
    if not reasons:
        raise errand.offline_error()
    raise InputError(
        f"tag {source.tag} could not be fetched from any address:{reasons}",
        where=errand.label,
        remedy="check the tag, the addresses and the network, add source.mirrors to the recipe, "
        f"or give --source {errand.label.split()[0]}=PATH",
    )


async def _below(parent: Part, address: str, errand: Errand, depth: int) -> list[Part]:
    """The submodules of `parent`, each at the commit its parent recorded, never at a branch."""
    found: list[Part] = []
    for link in await asyncio.to_thread(parent.mirror.links, parent.commit):
        at = f"{parent.at}/{link.path}".lstrip("/")
        if not link.url:
            errand.tell(f"submodule '{at}' has no address in .gitmodules; it stays empty")
            continue
        url = git_address.resolve(address, link.url) if depth <= _MAX_DEPTH else ""
        if not url:
            raise InputError(
                f"the address '{link.url}' of submodule '{at}' is not allowed",
                where=shown(address),
                remedy="do not trust this repository; or give its tree with "
                f"--source {errand.label.split()[0]}=PATH",
            )
        part = await _submodule(at, url, link, errand)
        found += [part, *await _below(part, url, errand, depth + 1)]
    return found


async def _submodule(at: str, url: str, link: Link, errand: Errand) -> Part:
    mirror = Mirror(errand, url)
    async with mirror.locked():
        if not await mirror.commit(link.commit):
            if errand.offline and not git_address.is_local(url):
                raise errand.offline_error()
            try:
                await mirror.fetch(url, link.commit)
            except process.ProgramError as error:
                raise InputError(
                    f"commit {link.commit} of submodule '{at}' cannot be had: {complaint(error)}",
                    where=shown(url),
                    remedy="check the network, and that the commit was published there",
                ) from error
    return Part(mirror, link.commit, at)
