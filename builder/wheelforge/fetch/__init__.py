"""The source cache: sources and wheels from elsewhere, verified, kept by digest."""

from wheelforge.fetch.sources import Sources

__all__ = ["Sources"]
