"""Immutable results under content keys."""

from wheelforge.store.collect import collect, write_root
from wheelforge.store.entry import Entry, FileRecord, Manifest
from wheelforge.store.explain import differences
from wheelforge.store.store import Found, Store

__all__ = [
    "Entry",
    "FileRecord",
    "Found",
    "Manifest",
    "Store",
    "collect",
    "differences",
    "write_root",
]
