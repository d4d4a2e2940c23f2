"""A portal elsewhere, as the command line signs in to it: by the device grant (RFC 8628).

Everything is learnt from the portal's metadata document. What is kept lies in one file of the user, which
nobody else may read.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import click
import orjson

from opendata.base.kit import strict_json
from opendata.base.kit.errors import N_, NotFound, OpenDataError
from opendata.base.kit.fetch.addresses import AddressPolicy
from opendata.base.kit.fetch.client import Fetcher
from opendata.base.kit.fetch.messages import Ask

CLIENT_ID = "opendata-cli"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
METADATA = "/.well-known/oauth-authorization-server"
_LIMIT = 1 << 20
_EARLY = 30
"""Seconds before its end at which an access token is exchanged for a new one."""
_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))


class NoServer(NotFound):
    code = "no_oauth_server"
    message = N_("Cổng dữ liệu này không có máy chủ OAuth2.")


class SignInFailed(OpenDataError):
    code = "sign_in_failed"
    status = 400
    message = N_("Đăng nhập chưa thành công: %(error)s.")


class NotSignedIn(NotFound):
    code = "not_signed_in"
    message = N_("Chưa đăng nhập vào %(url)s.")


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the person is told: where to go and what to type."""

    address: str
    code: str
    complete: str
    device_code: str = field(repr=False)
    interval: float
    seconds: float


class Portal:
    """`url` is the public address of a portal. The user names it, so his own networks may be reached."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str = CLIENT_ID,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._client_id = client_id
        self._now = now
        self._sleep = sleep
        port = urlsplit(self.url).port or (443 if self.url.startswith("https:") else 80)
        local = urlsplit(self.url).hostname in {"localhost", "127.0.0.1", "::1"}
        policy = AddressPolicy(allow_networks=_PRIVATE, allow_ports=frozenset({port}), allow_loopback=local)
        self._fetcher = Fetcher(policy, user_agent=f"opendata-cli/{version('opendata')}")
        self._known: Mapping[str, Any] | None = None

    def begin(self, scope: str = "") -> Invitation:
        """Ask for a code. Raises `NoServer`, `SignInFailed`, `FetchError`."""
        asked = {"client_id": self._client_id, **({"scope": scope} if scope else {})}
        told = self._post("device_authorization_endpoint", asked)
        return Invitation(
            address=str(told["verification_uri"]),
            code=str(told["user_code"]),
            complete=str(told.get("verification_uri_complete", "")),
            device_code=str(told["device_code"]),
            interval=float(told.get("interval", 5)),
            seconds=float(told["expires_in"]),
        )

    def wait(self, invitation: Invitation) -> None:
        """Until the person has decided; keeps what was given. Raises `SignInFailed`."""
        interval, until = invitation.interval, self._now() + invitation.seconds
        asked = {"grant_type": DEVICE, "device_code": invitation.device_code, "client_id": self._client_id}
        while self._now() < until:
            self._sleep(interval)
            told = self._post("token_endpoint", asked, expected={"authorization_pending", "slow_down"})
            if "access_token" in told:
                self._keep(told)
                return
            interval += 5 if told.get("error") == "slow_down" else 0
        raise SignInFailed(error="expired_token")

    def token(self) -> str:
        """An access token that is good now, renewed where it has to be. Raises `NotSignedIn`."""
        kept = self._kept()
        if float(kept["ends"]) - _EARLY > self._now():
            return str(kept["access_token"])
        asked = {
            "grant_type": "refresh_token",
            "refresh_token": kept["refresh_token"],
            "client_id": kept["client_id"],
        }
        try:
            told = self._post("token_endpoint", asked)
        except SignInFailed as error:
            self._forget()
            raise NotSignedIn(url=self.url) from error
        self._keep(told)
        return str(told["access_token"])

    def leave(self) -> None:
        """Revoke what was given and forget it. Raises `NotSignedIn`."""
        kept = self._kept()
        self._post("revocation_endpoint", {"token": kept["refresh_token"], "client_id": kept["client_id"]})
        self._forget()

    def close(self) -> None:
        self._fetcher.close()

    def _metadata(self) -> Mapping[str, Any]:
        if self._known is None:
            found = self._ask(self.url + METADATA, Ask(limit_bytes=_LIMIT, tries=2))
            if found.get("issuer") != self.url:  # RFC 8414 §3.3
                raise NoServer
            self._known = found
        return self._known

    def _post(
        self, endpoint: str, values: Mapping[str, str], *, expected: set[str] | None = None
    ) -> Mapping[str, Any]:
        address = str(self._metadata().get(endpoint, ""))
        if not address.startswith(self.url + "/"):
            raise NoServer
        ask = Ask(
            method="POST",
            body=urlencode(values).encode(),
            content_type="application/x-www-form-urlencoded",
            limit_bytes=_LIMIT,
            tries=1,
            readable=frozenset({400, 401}),
        )
        told = self._ask(address, ask)
        if "error" in told and told["error"] not in (expected or set()):
            raise SignInFailed(error=str(told["error"])[:100])
        return told

    def _ask(self, address: str, ask: Ask) -> Mapping[str, Any]:
        body = self._fetcher.read(address, ask).body
        try:
            found = strict_json.loads(body)
        except strict_json.NotJson as error:
            raise NoServer from error
        if not isinstance(found, dict):
            raise NoServer
        return found

    # --- what is kept --------------------------------------------------------------------------

    def _keep(self, told: Mapping[str, Any]) -> None:
        every = _read(file())
        every[self.url] = {
            "client_id": self._client_id,
            "access_token": told["access_token"],
            "refresh_token": told.get("refresh_token", ""),
            "ends": self._now() + float(told.get("expires_in", 0)),
        }
        _write(file(), every)

    def _kept(self) -> Mapping[str, Any]:
        kept = _read(file()).get(self.url)
        if kept is None:
            raise NotSignedIn(url=self.url)
        return kept  # type: ignore[no-any-return]

    def _forget(self) -> None:
        every = _read(file())
        every.pop(self.url, None)
        _write(file(), every)


def file() -> Path:
    """Where sign-ins are kept: in the folder the system has for settings of a program."""
    return Path(click.get_app_dir("opendata")) / "logins.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, values: Mapping[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(orjson.dumps(values))
    new.replace(path)
