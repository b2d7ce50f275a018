"""Immutable results under content keys."""

from wheelforge.store.collect import collect, going_on, write_root
from wheelforge.store.entry import MANIFEST, Entry, FileRecord, Manifest
from wheelforge.store.explain import differences
from wheelforge.store.store import Found, Store
from wheelforge.store.work import work_lock, work_name

__all__ = [
    "MANIFEST",
    "Entry",
    "FileRecord",
    "Found",
    "Manifest",
    "Store",
    "collect",
    "differences",
    "going_on",
    "work_lock",
    "work_name",
    "write_root",
]
