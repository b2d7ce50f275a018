"""How a library is mapped into memory: alignment, and what stays writable or executable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.audit.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.audit.asked import Asked
    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding
    from wheelforge.audit.objects import Object

_LARGEST = {"aarch64": 0x10000}  # pages that some kernels of a machine have
_PAGE = 0x1000
_LITTLE = 1 << 14  # bytes of debugging sections that come with a C library's start files
_PLAIN_BY_DEFAULT = frozenset({"aarch64", "riscv"})  # where glibc gives no executable stack unasked


def judge(wheel: Contents, asked: Asked) -> Iterator[Finding]:
    """Every library by itself."""
    for item in wheel.objects:
        if item.loading.alignment or item.loading.dynamic:
            yield from _alignment(item, asked)
            yield from _protection(item)
        yield from _sections(item)


def _alignment(item: Object, asked: Asked) -> Iterator[Finding]:
    loading = item.loading
    page = asked.page_size or _LARGEST.get(loading.machine, _PAGE)
    if loading.alignment < page:
        certain = asked.page_size or loading.alignment < _PAGE
        what = f"aligned to {loading.alignment} bytes, not {page}"
        yield found("map.alignment", what, item.path, "error" if certain else "warning")


def _protection(item: Object) -> Iterator[Finding]:
    loading = item.loading
    if loading.stack == "executable":
        yield found("map.stack", "PT_GNU_STACK has the flag X", item.path)
    elif loading.stack == "unsaid" and loading.machine not in _PLAIN_BY_DEFAULT:
        yield found("map.stack", "there is no PT_GNU_STACK, which means executable", item.path)
    if loading.text_relocations:
        yield found("map.relocations", "DT_TEXTREL is set", item.path)
    if loading.writable_code:
        yield found("map.writable", "a LOAD segment has the flags W and X", item.path)
    if loading.relro == "none":
        yield found("map.relro", "there is no PT_GNU_RELRO", item.path)
    elif loading.relro == "partial":
        yield found("map.lazy", "neither BIND_NOW nor NOW is set", item.path)


def _sections(item: Object) -> Iterator[Finding]:
    if not item.sections and item.loading.dynamic:
        yield found("elf.sections", "it has no sections", item.path)
    if item.debug > _LITTLE:
        yield found("elf.debug", f"{item.debug / 1e3:,.0f} kB of .debug sections", item.path)
    elif item.symtab:
        yield found("elf.symbols", "it has .symtab", item.path)
