"""Source-build wheel factory with a native toolchain driver."""

__version__ = "0.1.0"
