"""Secrets that people carry: one form for all, so that a scanner finds them and a typing error is seen.

    <prefix>_<kind>_<32 base62><6 base62 checksum>

The checksum is CRC-32 of everything before it. It refuses garbage without any look-up and proves nothing.
What is stored is HMAC-SHA256 under a pepper that the database does not know.
"""

import base64
import hashlib
import hmac
import re
import secrets as randomness
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from opendata.base.kit import base62

KINDS = {
    "live": "API key",
    "test": "API key of a test application",
    "cs": "client secret",
    "rt": "refresh token",
    "ia": "initial access token",
    "ra": "registration access token",
    "wh": "webhook secret",
}
SHOWN = 6
"""Characters of the random part that may be shown later."""
_BODY, _SUM = 32, 6
_START = rf"[a-z][a-z0-9]{{1,7}}_(?:{'|'.join(KINDS)})"
_FORM = re.compile(rf"({_START})_[0-9A-Za-z]{{{_BODY + _SUM}}}")
_IN_TEXT = re.compile(rf"({_START}_[0-9A-Za-z]{{{SHOWN}}})[0-9A-Za-z]{{10,}}")
"""Also finds what another program has cut short, and what stands in an address."""
_SIGNED = re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*")
"""A signed token: a header in base64url, its payload, its signature."""


def checksum(text: str) -> str:
    return base62.encode(zlib.crc32(text.encode("ascii")), _SUM)


def draw(prefix: str, kind: str) -> str:
    """A new secret with 190 random bits."""
    return complete(prefix, kind, base62.draw(_BODY))


def complete(prefix: str, kind: str, body: str) -> str:
    """The secret around 32 base62 signs."""
    if len(body) != _BODY or kind not in KINDS:
        raise ValueError(kind)
    start = f"{prefix}_{kind}_{body}"
    return start + checksum(start)


def kind_of(text: str, prefix: str) -> str | None:
    """The kind of a well-formed secret of ours; None for anything else."""
    found = _FORM.fullmatch(text) if len(text) <= 80 else None
    if found is None or checksum(text[:-_SUM]) != text[-_SUM:]:
        return None
    start, _, kind = found[1].partition("_")
    return kind if start == prefix else None


def shown(text: str) -> str:
    """What may be shown of a secret after its first day: `hpd_live_K7Qm2x…`."""
    return text[: text.rindex("_") + 1 + SHOWN] + "…"


def redact(text: str) -> str:
    """`text` with everything that looks like a secret cut to what may be shown."""
    if "eyJ" in text:
        text = _SIGNED.sub("eyJ…", text)
    return _IN_TEXT.sub(r"\1…", text) if "_" in text else text


def fingerprint(text: str) -> bytes:
    """For random texts of 128 bits and more that are used once: no pepper is needed to hide them."""
    return hashlib.sha256(text.encode()).digest()


class Unsealable(ValueError):
    """Sealed under a key that is not known, or not what was sealed."""


@dataclass(frozen=True, slots=True)
class Peppers:
    """Keys outside the database. `keys` maps a key id to its bytes; the first one is used for new digests,
    the others still find what was written under them."""

    keys: Mapping[str, bytes] = field(repr=False)

    @property
    def current(self) -> str:
        return next(iter(self.keys))

    def digest(self, text: str, kid: str | None = None) -> bytes:
        return hmac.digest(self.keys[kid or self.current], text.encode(), "sha256")

    def digests(self, text: str) -> dict[bytes, str]:
        """The digest under every key, newest first, with the id of its key."""
        return {self.digest(text, kid): kid for kid in self.keys}

    def derive(self, purpose: str, text: str, kid: str | None = None) -> bytes:
        """32 bytes that only a holder of the pepper can compute."""
        return self.digest(f"{purpose}\0{text}", kid)

    def seal(self, text: str, purpose: str) -> str:
        """`text` so that it can be stored; it opens for the same purpose only."""
        nonce = randomness.token_bytes(12)
        cipher = AESGCM(self.derive("seal", purpose))
        boxed = nonce + cipher.encrypt(nonce, text.encode(), purpose.encode())
        return f"{self.current}.{base64.urlsafe_b64encode(boxed).decode()}"

    def unseal(self, boxed: str, purpose: str) -> str:
        """Raises `Unsealable`."""
        kid, _, rest = boxed.partition(".")
        if kid not in self.keys:
            raise Unsealable(kid)
        raw = base64.urlsafe_b64decode(rest)
        try:
            opened = AESGCM(self.derive("seal", purpose, kid)).decrypt(raw[:12], raw[12:], purpose.encode())
        except InvalidTag as error:
            raise Unsealable(kid) from error
        return opened.decode()


def read_peppers(texts: tuple[str, ...]) -> Peppers:
    """From `kid:secret` texts, the newest first. Raises `ValueError` for short, doubled or nameless ones."""
    keys: dict[str, bytes] = {}
    for text in texts:
        kid, _, key = text.partition(":")
        if not re.fullmatch(r"[0-9A-Za-z-]{1,20}", kid) or len(key) < 32 or kid in keys:
            raise ValueError("key_peppers")
        keys[kid] = key.encode()
    if not keys:
        raise ValueError("key_peppers")
    return Peppers(keys)
