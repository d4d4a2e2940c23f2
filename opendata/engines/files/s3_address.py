"""The address of an S3 store: `s3://key:secret@bucket/prefix?endpoint=https://host:9000&…`."""

from dataclasses import dataclass
from typing import Literal, cast, get_args
from urllib.parse import parse_qs, unquote, urlsplit

Delivery = Literal["proxied", "presigned"]
_OPTIONS = {"endpoint", "region", "ca", "delivery", "timeout"}


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Address:
    """`delivery`: "proxied" sends files through us, "presigned" sends clients to the store. `ca` is a PEM
    file; `timeout` is in seconds for each answer. Without a key the client's usual places are asked."""

    bucket: str
    prefix: str = ""
    key: str | None = None
    secret: str | None = None
    endpoint: str | None = None
    region: str = "us-east-1"
    ca: str | None = None
    delivery: Delivery = "proxied"
    timeout: float = 10.0


def read_address(url: str) -> S3Address:
    """Raises ValueError for an address that cannot be meant."""
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme != "s3" or not parts.hostname or set(options) - _OPTIONS:
        raise ValueError("no S3 store: s3://bucket/prefix?endpoint=…&region=…&ca=…&delivery=…&timeout=…")
    delivery = options.get("delivery", "proxied")
    if delivery not in get_args(Delivery):
        raise ValueError("delivery is proxied or presigned")
    prefix = unquote(parts.path).strip("/")
    return S3Address(
        bucket=parts.hostname,
        prefix=f"{prefix}/" if prefix else "",
        key=unquote(parts.username) if parts.username else None,
        secret=unquote(parts.password) if parts.password else None,
        endpoint=options.get("endpoint"),
        region=options.get("region", "us-east-1"),
        ca=options.get("ca"),
        delivery=cast("Delivery", delivery),
        timeout=float(options.get("timeout", 10)),
    )
