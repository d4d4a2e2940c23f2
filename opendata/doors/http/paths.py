"""Where a redirect may lead: to a path of this site."""

from urllib.parse import urlsplit


def local_path(target: str | None) -> str:
    """A path of this site, rebuilt from its parts, or "" for anything else."""
    if not target or "\\" in target or any(ord(sign) < 32 for sign in target):
        return ""
    try:
        parts = urlsplit(target)
    except ValueError:
        return ""
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith("//"):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")
