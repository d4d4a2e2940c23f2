"""An Elasticsearch node behind TLS and passwords, as a city would run it. Needs `trustme`."""

import base64
import json
import secrets
import shutil
import ssl
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trustme

from opendata.testing.servers.elastic import VERSION, ElasticNode, distribution, java_home
from opendata.testing.servers.elastic_words import add_words
from opendata.testing.servers.missing import ServerMissing

_USER = "elastic"


class GuardedElasticNode(ElasticNode):
    """Its user is `elastic`; `ca_file` holds the authority that signed its certificate for localhost."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        super().__init__(folder, port=port)
        self.password = secrets.token_urlsafe(16)

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def make_api_key(self, roles: Mapping[str, Any]) -> str:
        """As clients take it: id and secret in one."""
        made = self.put("/_security/api_key", {"name": "portal", "role_descriptors": roles})
        return str(made["encoded"])

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def prepare(self) -> None:
        shutil.copytree(distribution(), self.home)
        add_words(self.home, java_home(), VERSION)
        super().prepare()
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        certificate.private_key_pem.write_to_path(str(self.folder / "config" / "http.key"))
        for part in certificate.cert_chain_pems:
            part.write_to_path(str(self.folder / "config" / "http.crt"), append=True)
        self.give_folder_away()
        self._keystore("create")
        self._keystore("add", "--stdin", "bootstrap.password", said=self.password)

    def _settings(self) -> dict[str, Any]:
        return {
            **super()._settings(),
            "xpack.security.enabled": True,
            "xpack.security.http.ssl.enabled": True,
            "xpack.security.http.ssl.key": str(self.folder / "config" / "http.key"),
            "xpack.security.http.ssl.certificate": str(self.folder / "config" / "http.crt"),
        }

    def _keystore(self, *words: str, said: str = "") -> None:
        done = subprocess.run(  # noqa: S603
            self.as_account([self.home / "bin" / "elasticsearch-keystore", *words]),
            env={**self.environment(), "PATH": "/usr/bin:/bin"},
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerMissing(f"elasticsearch-keystore failed: {done.stderr[-1000:]}")

    def _ask(self, method: str, path: str, timeout: float, body: bytes | None = None) -> Any:
        known = base64.b64encode(f"{_USER}:{self.password}".encode()).decode()
        asked = urllib.request.Request(
            f"https://localhost:{self.port}{path}",
            body,
            headers={"authorization": f"Basic {known}", "content-type": "application/json"},
            method=method,
        )
        trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca_file))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), trust)
        with opener.open(asked, timeout=timeout) as answer:
            return json.load(answer)
