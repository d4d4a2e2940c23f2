"""nginx with a server block of ours: what stands in front of the portal."""

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from opendata.testing.servers.missing import program
from opendata.testing.servers.process import Server

_AROUND = """\
daemon off;
{user}
pid nginx.pid;
error_log stderr info;
events {{}}
http {{
    access_log off;
    default_type application/octet-stream;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{block}
}}
"""


class NginxServer(Server):
    """Runs `config`, a file as it is included inside `http`, with some of its texts replaced: addresses of
    containers by those of this machine. A text that is not in it raises `ValueError`."""

    name = "nginx"

    def __init__(self, folder: Path, config: Path, replaced: Mapping[str, str]) -> None:
        super().__init__(folder)
        block = config.read_text(encoding="utf-8")
        for text, by in {"listen 8080;": f"listen 127.0.0.1:{self.port};", **replaced}.items():
            if text not in block:
                raise ValueError(f"no {text!r} in {config}")
            block = block.replace(text, by)
        self._block = block

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(_AROUND.format(user=user, block=self._block))

    def command(self) -> Sequence[str | Path]:
        return [
            program("nginx", "nginx"),
            "-p",
            self.folder,
            "-c",
            self.folder / "nginx.conf",
            "-e",
            "stderr",
        ]

    def ready(self) -> bool:
        socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        return True
