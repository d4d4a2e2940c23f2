"""Made-up content of the developers' pages and of what leads to them."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from opendata.base.runtime.caller import Caller
from opendata.doors.web.design import samples

DEVELOPER = Caller(kind="user", user_id="u2", name="Trần Thị Mẫu")
SECRET = "hpd_live_" + "K7Qm2xVb9LtRz4NcW8sYp1HdGf6JaE3u" + "3EY1lJ"
APPLICATION: dict[str, Any] = {
    "id": "app_7Qm2xVb9LtRz4NcW8sYp1H",
    "name": "Bản đồ xe buýt",
    "purpose": "Hiện giờ xe buýt quanh nhà ga.",
    "contact_email": "nhom@xebuyt.example",
    "homepage": "https://xebuyt.example",
    "env": "live",
    "status": "active",
    "status_reason": None,
    "scopes": ["read", "download", "query"],
    "owner": "",
    "keys": 2,
}


def _key(name: str, state: str, **values: Any) -> dict[str, Any]:
    return {
        "id": f"key_{name}",
        "name": name,
        "display": f"hpd_live_{name[:6]}…",
        "state": state,
        "scopes": ["read", "download"],
        "products": [],
        "cidrs": [],
        "origins": [],
        "expires_at": "2027-07-05T02:00:00Z",
        "last_used_on": "2026-07-05",
        **values,
    }


KEYS = [
    _key("may-chu-chinh", "active", cidrs=["203.0.113.0/24"], products=["du-lieu-mo"]),
    _key("dien-thoai", "replaced", last_used_on=None),
    _key("thu-nghiem-cu", "revoked"),
]


def _start() -> dict[str, Any]:
    return {"open_call": samples.CALL, "keyed_call": samples.CALL, "answer": samples.ANSWER}


def _new_key() -> dict[str, Any]:
    return {
        "caller": DEVELOPER,
        "secret": SECRET,
        "call": samples.CALL,
        "answer": samples.ANSWER,
        "application": APPLICATION,
        "key": KEYS[0],
        "unconfirmed": {"email": "nhom@xebuyt.example", "days": 7},
        "old": None,
    }


def _apps() -> dict[str, Any]:
    return {
        "caller": DEVELOPER,
        "applications": [APPLICATION, {**APPLICATION, "id": "app_2", "name": "Thử", "env": "test"}],
        "teams": [{"slug": "cong-ty-mau", "name": "Công ty Mẫu", "kind": "company", "role": "admin"}],
        "coming": [
            {
                "id": "app_3",
                "name": "Xe buýt",
                "by": "Lê Văn Mẫu",
                "organization": None,
                "expires": "2026-07-19",
            }
        ],
        "owners": [("o1", {"vi": "Công ty Mẫu"})],
    }


def _app() -> dict[str, Any]:
    scopes = [("read", "read"), ("download", "download"), ("query", "query")]
    return {
        "caller": DEVELOPER,
        "application": APPLICATION,
        "keys": KEYS,
        "leaving": None,
        "teams": [("cong-ty-mau", {"vi": "Công ty Mẫu"})],
        "scope_options": scopes,
        "product_options": [("du-lieu-mo", {"vi": "Dữ liệu mở", "en": "Open data"})],
        "may_edit": True,
        "may_stop": True,
        "may_suspend": True,
    }


def _team() -> dict[str, Any]:
    people = [("u2", "Trần Thị Mẫu", "admin", True), ("u3", "Lê Văn Mẫu", "member", False)]
    return {
        "caller": DEVELOPER,
        "team": {"slug": "cong-ty-mau", "name": {"vi": "Công ty Mẫu"}, "kind": "company"},
        "department": False,
        "manages": True,
        "roles": ["member", "editor", "reviewer", "admin"],
        "members": [
            {"id": key, "name": name, "email": f"{key}@xebuyt.example", "role": role, "me": me}
            for key, name, role, me in people
        ],
        "invitations": [
            {
                "id": "i1",
                "email": "ban@xebuyt.example",
                "role": "editor",
                "expires": "2026-07-19T02:00:00Z",
            }
        ],
    }


def _session(day: str, *, this: bool) -> dict[str, Any]:
    return {
        "name": day * 16,
        "created": f"2026-07-0{day}T02:00:00Z",
        "expires": f"2026-07-0{day}T14:00:00Z",
        "this": this,
    }


def _client(*, there: bool) -> dict[str, Any]:
    known: dict[str, Any] = {
        "id": "client_7Qm2xVb9LtRz4NcW8sYp1H",
        "name": "Bản đồ xe buýt",
        "type": "confidential",
        "auth_method": "client_secret_basic",
        "grants": ["authorization_code", "refresh_token"],
        "redirect_uris": ["https://xebuyt.example/cb"],
        "scopes": ["read", "download"],
        "jwks": "",
        "revoked_at": None,
        "secrets": [
            {"id": "s1", "display": "hpd_cs_K7Qm2x…", "created": "2026-07-05", "ends": "2027-07-05"},
            {"id": "s2", "display": "hpd_cs_9LtRz4…", "created": "2026-01-05", "ends": "2027-01-05"},
        ],
    }
    return {
        "caller": DEVELOPER,
        "application": APPLICATION,
        "client": known if there else None,
        "secret": None,
        "made": False,
        "metadata": "https://data.example/.well-known/oauth-authorization-server",
        "scope_options": [("read", "read"), ("download", "download")],
        "grant_options": [("authorization_code", "A"), ("refresh_token", "B")],
        "method_options": [("client_secret_basic", "A"), ("none", "B")],
        "may_edit": True,
        "may_stop": True,
    }


def _consents() -> dict[str, Any]:
    item = {
        "client_id": "client_7Qm2xVb9LtRz4NcW8sYp1H",
        "name": "Bản đồ xe buýt",
        "application": "Xe buýt",
        "homepage": "https://xebuyt.example",
        "scopes": ["read", "publish"],
        "since": "2026-06-05T02:00:00Z",
        "last_used": "2026-07-05T02:00:00Z",
    }
    return {"caller": DEVELOPER, "consents": [item]}


def _security(*, on: bool) -> dict[str, Any]:
    square = Markup('<svg width="40" height="40" aria-hidden="true"></svg>')
    return {
        "caller": DEVELOPER,
        "second_factor": on,
        "offer": None if on else {"secret": "ABCD EFGH", "sealed": "x", "square": square},
        "codes": ["1A2B-3C4D-5E6F"] if on else [],
        "sessions": [
            _session("5", this=True),
            _session("4", this=False),
        ],
    }


MAIL = {"token": "x", "email": "nhom@xebuyt.example", "name": "Trần Thị Mẫu"}
PAGES: dict[str, Callable[[], dict[str, Any]]] = {
    "developers/start": _start,
    "developers/sign_up": lambda: {"errors": {"email": "?"}, "values": {"email": "x"}},
    "developers/new_key": _new_key,
    "developers/apps": _apps,
    "developers/app": _app,
    "developers/client": lambda: _client(there=True),
    "developers/client-new": lambda: _client(there=False),
    "consents": _consents,
    "developers/team": _team,
    "developers/new_team": lambda: {"caller": DEVELOPER, "values": {}, "errors": {}},
    "second_step": lambda: {"pending": "x", "next": "", "error": "?"},
    "security": lambda: _security(on=False),
    "security-on": lambda: _security(on=True),
    "mailbox/confirm": lambda: {**MAIL, "done": False},
    "mailbox/forgot": lambda: {**MAIL, "done": True},
    "mailbox/reset": lambda: {**MAIL, "errors": {"password": "?"}},
    "mailbox/invitation": lambda: {
        **MAIL,
        "organization": "Công ty Mẫu",
        "role": "editor",
        "here": "/invitation",
    },
}
