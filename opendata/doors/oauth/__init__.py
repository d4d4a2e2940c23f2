"""The OAuth2 endpoints: those for programs, and the two pages where a person decides."""

from opendata.doors.oauth.application import register

__all__ = ["register"]
