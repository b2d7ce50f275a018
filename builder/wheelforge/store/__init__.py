"""Immutable results under content keys."""

from wheelforge.store.collect import collect, going_on, write_root
from wheelforge.store.entry import EVIDENCE, MANIFEST, Entry, FileRecord, Manifest
from wheelforge.store.evidence import proof_of
from wheelforge.store.explain import differences
from wheelforge.store.store import Found, Store
from wheelforge.store.work import work_lock, work_name

__all__ = [
    "EVIDENCE",
    "MANIFEST",
    "Entry",
    "FileRecord",
    "Found",
    "Manifest",
    "Store",
    "collect",
    "differences",
    "going_on",
    "proof_of",
    "work_lock",
    "work_name",
    "write_root",
]
