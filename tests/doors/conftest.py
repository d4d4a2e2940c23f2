"""The city behind the doors."""

from opendata.testing.web import city, still_city

__all__ = ["city", "still_city"]
