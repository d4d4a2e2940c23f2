"""A portal to harvest from: packages behind the listing of a CKAN, on loopback."""

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.packages import as_harvested


class Source(ThreadingHTTPServer):
    """Answers `package_search`, `package_show` and `organization_show`; closed by `shutdown`."""

    def __init__(self, packages: Iterable[Mapping[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.packages = sorted(map(as_harvested, packages), key=lambda package: package["id"])
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def result(self, action: str, asked: dict[str, list[str]]) -> Any:
        if action == "package_search":
            return self._page(int(asked.get("start", ["0"])[0]), int(asked.get("rows", ["10"])[0]))
        wanted = asked["id"][0]
        if action == "package_show":
            return next(package for package in self.packages if wanted in {package["id"], package["name"]})
        bodies = [package["organization"] for package in self.packages]
        return next(body for body in bodies if wanted in {body["id"], body["name"]})

    def _page(self, start: int, rows: int) -> dict[str, Any]:
        page: Sequence[Any] = self.packages[start : start + rows]
        return {"count": len(self.packages), "results": page}


class _Handler(BaseHTTPRequestHandler):
    server: Source
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        result = self.server.result(address.path.rsplit("/", 1)[1], parse_qs(address.query))
        body = json.dumps({"success": True, "result": result}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
