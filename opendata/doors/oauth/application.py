"""Registers the endpoints, and refuses to start on metadata that no client could use."""

from urllib.parse import urlsplit

from authlib.oauth2 import rfc8414, rfc9207
from flask import Flask

from opendata.base.runtime import Platform
from opendata.doors.oauth import endpoints, pages
from opendata.services.access.oauth import addresses


def register(app: Flask, platform: Platform) -> None:
    """Raises `ValueError` where the issuer is neither https nor this machine."""
    _require_metadata(platform)
    app.register_blueprint(endpoints.blueprint)
    app.register_blueprint(pages.blueprint, name="oauth_pages")
    app.register_blueprint(pages.blueprint, name="oauth_pages_en", url_prefix="/en")


def _require_metadata(platform: Platform) -> None:
    """RFC 8414 demands https; a portal on this machine and one being tried out have none."""
    settings = platform.settings
    if settings.mode != "production" or urlsplit(settings.base_url).hostname in {"localhost", "127.0.0.1"}:
        return
    metadata = rfc8414.AuthorizationServerMetadata(addresses.server_metadata(settings))
    metadata.validate(metadata_classes=[rfc9207.AuthorizationServerMetadata])
