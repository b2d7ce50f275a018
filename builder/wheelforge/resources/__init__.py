"""What this process may use: processors and memory, the least of every limit in force."""

from wheelforge.resources.amounts import format_bytes, format_seconds, parse_bytes
from wheelforge.resources.cpus import processor_limits, processors
from wheelforge.resources.limit import Limit
from wheelforge.resources.ram import MemoryRoom, memory, memory_limits

__all__ = [
    "Limit",
    "MemoryRoom",
    "format_bytes",
    "format_seconds",
    "memory",
    "memory_limits",
    "parse_bytes",
    "processor_limits",
    "processors",
]
