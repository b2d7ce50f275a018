"""Archives from elsewhere: what is in them is unpacked inside of one folder, or refused."""

from wheelforge.archive.tars import DAMAGE as TAR_DAMAGE
from wheelforge.archive.tars import Header
from wheelforge.archive.unpacking import unpack
from wheelforge.archive.zips import DAMAGE as ZIP_DAMAGE
from wheelforge.archive.zips import opened as open_zip

__all__ = ["TAR_DAMAGE", "ZIP_DAMAGE", "Header", "open_zip", "unpack"]
