"""What the reporter wrote, read, and told to people."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wheelforge import elf
from wheelforge.errors import ForgeError
from wheelforge.sigill.instruction import decoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LINE = re.compile(
    r"wheelforge-sigill: machine=(?P<machine>\S+) pc=(?P<pc>[0-9a-f]+) base=(?P<base>[0-9a-f]*)"
    r" code=(?P<code>(?:[0-9a-f]{2})*) symbol=(?P<symbol>\S*) file=(?P<file>.*)"
)


class Account(NamedTuple):
    """An instruction at address `pc` that the processor refused; `code` begins with its bytes.

    `file`, loaded at `base`, holds it; empty for code that was made at run time. `symbol` is what
    the loader says of it, as `name+hex`.
    """

    machine: str
    pc: int
    base: int
    code: bytes
    symbol: str
    file: str

    @property
    def sent(self) -> bool:
        """Whether another program sent the signal, and no instruction was refused."""
        return self.pc == 0


def read(lines: Iterable[str]) -> Account | None:
    """The first account among what a program printed."""
    for line in lines:
        if found := _LINE.match(line):
            return Account(
                machine=found["machine"],
                pc=int(found["pc"], 16),
                base=int(found["base"] or "0", 16),
                code=bytes.fromhex(found["code"]),
                symbol=found["symbol"],
                file=found["file"],
            )
    return None


def told(account: Account, root: Path) -> str:
    """The instruction, its library and its function; files below `root` are named from there."""
    if account.sent:
        return "no instruction was refused, the signal was sent"
    return f"{_instruction(account)} in {_place(account, root)}"


def remedy(account: Account, env: Mapping[str, str]) -> str:
    """Whose instruction it is not: that of the CPU emulated in `env`, or of this machine's."""
    if account.sent:
        return ""
    cpu = env.get("QEMU_CPU", "")
    who = f"the CPU emulated here ({cpu})" if cpu else "this machine's processor"
    return f"{who} lacks that instruction; build for the target and nothing newer"


def _instruction(account: Account) -> str:
    if not account.code:
        return "an instruction that cannot be read"
    found = decoded(account.machine, account.code)
    about = "; ".join(filter(None, (found.code, found.extension)))
    return f"{found.text or 'an instruction the disassembler does not know'} ({about})"


def _place(account: Account, root: Path) -> str:
    if not account.file:
        return "code that was made at run time"
    name = _function(account)
    return f"{_shown(Path(account.file), root)}, {f'function {name}' if name else 'no function'}"


def _function(account: Account) -> str:
    """From the file's own symbols: the loader knows only those that other files may use."""
    with suppress(ForgeError, OSError):
        found = elf.function_at(Path(account.file), account.pc, account.base)
        if found is not None:
            return f"{found.name}+0x{found.offset:x}"
    name, _, offset = account.symbol.rpartition("+")
    return f"{name}+0x{offset}" if name else ""


def _shown(file: Path, root: Path) -> str:
    """As it is in the environment: `numpy.libs/libfoo.so`."""
    try:
        inside = file.relative_to(root)
    except ValueError:
        return str(file)
    parts = inside.parts
    if "site-packages" in parts:
        return str(Path(*parts[parts.index("site-packages") + 1 :]))
    return str(inside)
