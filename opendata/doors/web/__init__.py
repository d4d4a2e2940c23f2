"""HTML pages in Vietnamese (no prefix) and English (/en)."""

from opendata.doors.web.application import register

__all__ = ["register"]
