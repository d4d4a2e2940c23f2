"""Pages and files of plugins are tested over HTTP."""

from opendata.testing.web import city, still_city

__all__ = ["city", "still_city"]
