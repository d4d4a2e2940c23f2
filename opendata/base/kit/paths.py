"""Where the files that ship with the product lie."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]


def config_dir() -> Path:
    """The folder `config/`: beside the package in a checkout, inside it in a wheel."""
    shipped = _PACKAGE / "_config"
    return shipped if shipped.is_dir() else _PACKAGE.parent / "config"
