"""The address of a cluster and how it is to be used, as one setting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from opendata.base.kit.errors import N_, Invalid

_DEFAULT_PORT = 9200


class BadSearchAddress(Invalid):
    code = "bad_search_address"
    message = N_("Địa chỉ Elasticsearch không hợp lệ: %(problem)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`timeout` is for a search and `write_timeout` for a bulk request, in seconds, each try. `replicas`
    None: one as soon as a second node is there."""

    hosts: tuple[tuple[str, int], ...]
    prefix: str = "opendata"
    tls: bool = False
    ca_file: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    shards: int = 1
    replicas: int | None = None
    timeout: float = 2.0
    write_timeout: float = 30.0

    @property
    def urls(self) -> list[str]:
        scheme = "https" if self.tls else "http"
        return [f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}" for host, port in self.hosts]


def read_address(url: str) -> Address:
    """`elasticsearch://user:password@host:9200,host2/prefix?tls=true&ca_file=/path&…`

    Parameters: tls, ca_file, api_key, api_key_file, password_file (a file holds the secret alone), shards,
    replicas, timeout, write_timeout. Raises `BadSearchAddress`.
    """
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(options) - set(_READERS))
    if unknown:
        raise BadSearchAddress(problem=f"?{unknown[0]}")
    given: dict[str, Any] = {}
    for name, text in options.items():
        target, read = _READERS[name]
        try:
            given[target] = read(text)
        except (ValueError, OSError) as error:
            raise BadSearchAddress(problem=f"?{name}") from error
    secrets = {"password": unquote(password) or None, **given}
    return Address(
        hosts=_hosts(hosts),
        user=unquote(user) or None,
        prefix=_prefix(parts.path.strip("/")),
        **secrets,
    )


def _hosts(text: str) -> tuple[tuple[str, int], ...]:
    found = []
    for item in text.split(","):
        try:
            one = urlsplit(f"//{item}")
            host, port = one.hostname, one.port
        except ValueError as error:
            raise BadSearchAddress(problem=item) from error
        if not host:
            raise BadSearchAddress(problem=item or "//")
        found.append((host, port or _DEFAULT_PORT))
    return tuple(found)


def _prefix(text: str) -> str:
    name = text or "opendata"
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum() and name.islower()):
        raise BadSearchAddress(problem=f"/{text}")
    if not name[0].isalpha():
        raise BadSearchAddress(problem=f"/{text}")
    return name


def _switch(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 3600:
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    if not text.isdigit():
        raise ValueError(text)
    return int(text)


def _at_least_one(text: str) -> int:
    if _count(text) < 1:
        raise ValueError(text)
    return int(text)


def _secret(path: str) -> str:
    return Path(path).read_text().strip()


_READERS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "tls": ("tls", _switch),
    "ca_file": ("ca_file", str),
    "api_key": ("api_key", str),
    "api_key_file": ("api_key", _secret),
    "password_file": ("password", _secret),
    "shards": ("shards", _at_least_one),
    "replicas": ("replicas", _count),
    "timeout": ("timeout", _positive),
    "write_timeout": ("write_timeout", _positive),
}
