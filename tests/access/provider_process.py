"""A small OpenID Connect provider, run as a process of its own: `python provider_process.py`.

It signs everybody in as the person named by its last argument, checks PKCE and the client's secret, and
misbehaves as told by `mode`.
"""

import base64
import hashlib
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, OctKey

CLIENT, SECRET = "portal", "the portal's secret"
KEY = ECKey.generate_key("P-256", {"kid": "1", "alg": "ES256", "use": "sig"})
OTHER = ECKey.generate_key("P-256", {"kid": "1", "alg": "ES256"})
CODES: dict[str, dict[str, str]] = {}
PERSON: dict[str, Any] = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}


class Provider(BaseHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        return

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/.well-known/openid-configuration":
            self.send(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    "authorization_response_iss_parameter_supported": PERSON.get("mode") == "names itself",
                }
            )
        elif parts.path == "/keys":
            self.send(KeySet([KEY]).as_dict(private=False))
        elif parts.path == "/authorize":
            code = hashlib.sha256(str(time.monotonic_ns()).encode()).hexdigest()
            CODES[code] = query
            back = urlencode({"code": code, "state": query["state"], "iss": self.issuer})
            self.send_response(303)
            self.send_header("Location", f"{query['redirect_uri']}?{back}")
            self.end_headers()
        else:
            self.send({}, 404)

    def do_POST(self) -> None:
        form = {
            name: values[0]
            for name, values in parse_qs(
                self.rfile.read(int(self.headers["Content-Length"])).decode()
            ).items()
        }
        if self.path == "/person":
            PERSON.clear()
            PERSON.update(json.loads(form["person"]))
            self.send({})
            return
        asked = CODES.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '+')}".encode()).decode()
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        plain = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or given not in {basic, plain}
            or base64.urlsafe_b64encode(challenge).decode().rstrip("=") != asked["code_challenge"]
        ):
            self.send({"error": "invalid_grant"}, 400)
        else:
            self.send({"access_token": "x", "token_type": "Bearer", "id_token": self.token(asked)})

    def token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            **{name: value for name, value in PERSON.items() if name != "mode"},
        }
        mode = PERSON.get("mode")
        if mode == "foreign key":
            return jwt.encode({"alg": "ES256", "kid": "1"}, claims, OTHER)
        if mode == "shared":
            public = json.dumps(KEY.as_dict(private=False)).encode()
            return jwt.encode({"alg": "HS256", "kid": "1"}, claims, OctKey.import_key(public))
        if mode == "none":
            head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
            body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
            return f"{head}.{body}."
        if mode == "twice":
            payload = json.dumps(claims).replace("{", '{"sub": "another", ', 1)
            return jws.serialize_compact({"alg": "ES256", "kid": "1"}, payload.encode(), KEY)
        return jwt.encode({"alg": "ES256", "kid": "1"}, claims, KEY)

    def send(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    print(server.server_port, flush=True)
    server.serve_forever()
