"""Data from elsewhere: how much of it is read, and what of it reaches a terminal.

Recipes, archives, wheels, machine code, indexes and locks may be damaged or made to do harm; what
reads them takes bytes, JSON and limits from here.
"""

from wheelforge.untrusted.files import contents
from wheelforge.untrusted.html import tags
from wheelforge.untrusted.json import decoded
from wheelforge.untrusted.limits import LIMITS, Limit, most
from wheelforge.untrusted.text import named, printable

__all__ = ["LIMITS", "Limit", "contents", "decoded", "most", "named", "printable", "tags"]
