"""One compile or link, as its command line tells it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from wheelforge.invocation import absolute, files, language, legible, named_after, trial

_WITH_DEPENDENCIES = {"c", "c++"}


class Unit(NamedTuple):
    """A compile or link: paths are absolute, `sign` stands for its whole command line.

    `group` is what units of one kind have in common, for guesses about their memory. `tracked`
    means that the compiler can be asked which files it read, and nobody else does.
    """

    kind: str
    group: str
    source: str
    output: str
    sign: str
    tracked: bool

    @property
    def trial(self) -> bool:
        """True for what a configuration tries out: nobody wants to hear of it."""
        return trial(self.output, self.source)

    def beside(self, work: str) -> Unit:
        """The same with paths relative to the work folder, as people and files are told them."""
        source, output = _relative(self.source, work), _relative(self.output, work)
        return self._replace(source=legible(source), output=legible(output))


def unit_of(kind: str, cwd: str, argv: Sequence[str], work: str) -> Unit:
    """Read a command line; `work` is the folder whose name differs from build to build."""
    inputs, output = files(argv)
    source = inputs[0] if inputs else ""
    written_in = language(source)
    sign = hashlib.blake2b(
        "\0".join((cwd, *argv)).replace(work, "@").encode(errors="surrogateescape"), digest_size=16
    ).hexdigest()
    if kind == "link":
        group = "link shared" if "-shared" in argv else "link"
        source = source if written_in != "other" else ""  # an object like the others
    else:
        group = f"compile {written_in}"
        output = output or named_after(source, argv)
    source, output = absolute(source, cwd), absolute(output, cwd)
    tracked = (
        kind == "compile"
        and written_in in _WITH_DEPENDENCIES
        and len(inputs) == 1  # of several sources, one output alone would be put back
        and bool(output)
        and "-S" not in argv
        and not any(word.startswith(("-M", "-Wp,-M", "@")) for word in argv)
    )
    return Unit(kind, group, source, output, sign, tracked)


def _relative(path: str, work: str) -> str:
    return path.removeprefix(work + "/")
