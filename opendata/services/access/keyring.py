"""The peppers of an installation: from the settings, or from a file of its own while it is tried out."""

import os
import secrets as randomness
from pathlib import Path

from filelock import FileLock

from opendata.base.kit.secrets import Peppers, read_peppers
from opendata.settings import Settings

FILE = "peppers"


def open_peppers(settings: Settings) -> Peppers:
    """What `key_peppers` names; outside production a key that is drawn once and kept in data_dir, readable
    by its owner alone."""
    return read_peppers(settings.key_peppers or (_kept(settings.data / FILE),))


def _kept(path: Path) -> str:
    with FileLock(f"{path}.lock"):
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"dev:{randomness.token_urlsafe(48)}")
        return path.read_text(encoding="ascii").strip()
