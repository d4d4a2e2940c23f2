"""Open data catalogue and API management for a city."""

__version__ = "0.1.0"
