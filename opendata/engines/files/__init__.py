"""Replaceable file stores behind one protocol."""

from opendata.engines.files.blocks import DamagedFile
from opendata.engines.files.local import LocalFiles
from opendata.engines.files.opening import open_files
from opendata.engines.files.protocol import FileStore, StoredFile

__all__ = ["DamagedFile", "FileStore", "LocalFiles", "StoredFile", "open_files"]
