"""An S3 server over a folder (versitygw): the files of the scaled mode."""

import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

from opendata.testing.servers.missing import built_by_go
from opendata.testing.servers.process import Server

_VERSION = "v1.8.0"
_MODULE = "github.com/versity/versitygw/cmd/versitygw"


class S3Server(Server):
    """One bucket, named opendata. `endpoint`, `access_key` and `secret_key` are what a client takes."""

    name = "s3"
    bucket = "opendata"
    region = "us-east-1"

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        super().__init__(folder, port=port)
        self.access_key = "opendata"
        self.secret_key = secrets.token_urlsafe(24)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return self.address()

    def address(self, prefix: str = "", **options: str) -> str:
        """The URL of a store below `prefix`."""
        query = urlencode({"endpoint": self.endpoint, "region": self.region, **options})
        return f"s3://{self.access_key}:{self.secret_key}@{self.bucket}/{prefix}?{query}"

    def prepare(self) -> None:
        (self.folder / "buckets" / self.bucket).mkdir(parents=True)
        (self.folder / "metadata").mkdir()  # beside: not every file system keeps attributes

    def command(self) -> Sequence[str | Path]:
        listen = ("--port", f"127.0.0.1:{self.port}", "--keep-alive", "--quiet")
        store = ("posix", "--sidecar", self.folder / "metadata", self.folder / "buckets")
        return [built_by_go("versitygw", _MODULE, _VERSION), *listen, *store]

    def environment(self) -> Mapping[str, str]:
        return {"ROOT_ACCESS_KEY": self.access_key, "ROOT_SECRET_KEY": self.secret_key}

    def ready(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            opener.open(self.endpoint, timeout=2).close()
        except urllib.error.HTTPError as refusal:
            refusal.close()  # it asks for a signature: it answers
        return True
