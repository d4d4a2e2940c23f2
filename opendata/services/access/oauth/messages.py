"""Requests and answers of the endpoints as plain values, in the shape Authlib asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request


class Parameters(OAuth2Payload):  # type: ignore[misc]  # Authlib ships no types
    """Parameters from one place only: Authlib's own for Flask mixes the address into the form."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._lists: dict[str, list[str]] = {}
        for name, value in pairs:
            self._lists.setdefault(name, []).append(value)

    @property
    def data(self) -> dict[str, str]:
        return {name: values[0] for name, values in self._lists.items()}

    @property
    def datalist(self) -> dict[str, list[str]]:
        return self._lists


class Request(OAuth2Request):  # type: ignore[misc]
    """`authorization` is the header of that name."""

    def __init__(
        self, method: str, path: str, pairs: Iterable[tuple[str, str]], *, authorization: str | None = None
    ) -> None:
        # Authlib refuses addresses that are not https. Ours may stand behind a proxy that ends TLS.
        super().__init__(method, f"https://localhost{path}", headers=_headers(authorization))
        self.payload: Parameters = Parameters(pairs)

    @property
    def args(self) -> dict[str, str]:
        return {}

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data

    def every(self, name: str) -> list[str]:
        """All values of a parameter that may be repeated, without empty ones."""
        return [value for value in self.payload.datalist.get(name, ()) if value]


def _headers(authorization: str | None) -> dict[str, str]:
    return {"Authorization": authorization} if authorization is not None else {}


@dataclass
class Answer:
    """`body` is a JSON object, or "" where there is none."""

    status: int
    body: Mapping[str, Any] | str
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def location(self) -> str | None:
        return next((value for name, value in self.headers if name == "Location"), None)

    def __repr__(self) -> str:
        return f"Answer({self.status})"


@dataclass(frozen=True, slots=True)
class Person:
    """The resource owner, as Authlib asks for one."""

    id: str

    def get_user_id(self) -> str:
        return self.id
