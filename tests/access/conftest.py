"""The city behind the doors, for tests about who is asking."""

from opendata.testing.web import city, still_city

__all__ = ["city", "still_city"]
