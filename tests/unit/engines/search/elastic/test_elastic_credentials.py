import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from opendata.base.kit.errors import Unavailable
from opendata.engines.search import Plan
from opendata.engines.search.elastic import ElasticIndex, read_address


class Listener(ThreadingHTTPServer):
    """Refuses everything; `secrets` holds the Authorization header of each request."""

    def __init__(self) -> None:
        self.secrets: list[str | None] = []
        super().__init__(("127.0.0.1", 0), Refusing)


class Refusing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:  # the name the library calls
        assert isinstance(self.server, Listener)
        self.server.secrets.append(self.headers.get("Authorization"))
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("credentials", "options", "expected"),
    [
        ("", "", None),
        ("reader:m%E1%BA%ADt@", "", f"Basic {base64.b64encode('reader:mật'.encode()).decode()}"),
        ("", "?api_key=abc%3D%3D", "ApiKey abc=="),
    ],
)
def test_the_secret_goes_with_every_request(credentials: str, options: str, expected: str | None) -> None:
    with Listener() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"127.0.0.1:{server.server_port}/x"
        index = ElasticIndex(read_address(f"elasticsearch://{credentials}{place}{options}"))
        with pytest.raises(Unavailable):
            index.search(Plan())
        index.close()
        server.shutdown()
    assert server.secrets == [expected]
