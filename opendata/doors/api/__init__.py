"""REST v1: blueprints of flask-smorest under /api/v1 and their OpenAPI 3.1 document."""

from opendata.doors.api.application import register

__all__ = ["register"]
