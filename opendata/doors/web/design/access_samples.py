"""Made-up content of the pages about products, requests, usage, notices, webhooks, blocked networks."""

from collections.abc import Callable
from typing import Any

from opendata.base.runtime.caller import Caller
from opendata.doors.web.design.developer_samples import APPLICATION, DEVELOPER
from opendata.services.plans.rules import Rule, compile_rules

TIME = "2026-07-05T02:00:00Z"
ADMIN = Caller(kind="user", user_id="u4", name="Phạm Thị Mẫu", roles={"o1": "admin"})
OPERATOR = Caller(kind="user", user_id="u5", name="Vũ Văn Mẫu", operator=True)
RULES = compile_rules(
    ["20/second burst 60", "600/minute", "500000/calmonth", "50000000 rows/calmonth soft", "4 concurrent"]
)
(A_DAY,) = compile_rules(["1000/day"], partition="key")
PLAN = {
    "slug": "basic",
    "title": {"vi": "Cơ bản", "en": "Basic"},
    "number": 3,
    "page_max": 10000,
    "rules": RULES,
}
PRODUCT: dict[str, Any] = {
    "slug": "lich-tau",
    "title": {"vi": "Lịch tàu ra vào các bến cảng", "en": "Ships calling at the berths"},
    "description": {"vi": "Giờ cập, giờ rời và bến của từng chuyến.", "en": "Arrival, departure and berth."},
    "organization": {"slug": "cang-vu", "name": {"vi": "Cảng vụ Hàng hải Hải Phòng"}},
    "approval": "manual",
    "decide_by_days": 2,
    "took": ("hours", 5),
    "terms": {"vi": "Ghi nguồn.", "en": "Name the source."},
    "terms_revision": 2,
    "apis": ["*"],
    "datasets": ["san-luong-hang-hoa"],
    "visibility": "public",
    "plan": "basic",
}


def _held(state: str, **values: Any) -> dict[str, Any]:
    return {
        "id": f"s-{state}",
        "application": APPLICATION["name"],
        "purpose": APPLICATION["purpose"],
        "product": PRODUCT["slug"],
        "title": PRODUCT["title"],
        "plan": "basic",
        "state": state,
        "requested_at": TIME,
        "decide_by": TIME,
        "late": state == "pending",
        "reason": None,
        "agreed": [{"rule": "calmonth", "amount": 900_000, "until": "2026-12-31"}],
        "terms": PRODUCT["terms"],
        "terms_revision": 2,
        "terms_due": state == "paused",
        **values,
    }


def _product() -> dict[str, Any]:
    held = [{**_held("pending"), "id": APPLICATION["id"]}]
    return {
        "caller": DEVELOPER,
        "product": PRODUCT,
        "plan": PLAN,
        "held": held,
        "applications": [("app_2", "Thử")],
        "may_edit": True,
        "embedded": "<iframe src=…></iframe>",
        "errors": {},
        "error": "",
    }


def _requests() -> dict[str, Any]:
    return {
        "caller": ADMIN,
        "waiting": [_held("pending")],
        "decided": [_held("active"), _held("paused", reason="Gọi sai cách.")],
        "products": [PRODUCT],
        "error": "?",
    }


def _edit() -> dict[str, Any]:
    return {
        "caller": ADMIN,
        "known": True,
        "title": PRODUCT["title"],
        "values": PRODUCT,
        "departments": [],
        "plans": [("basic", PLAN["title"])],
        "errors": {"title": "?"},
        "error": "",
    }


def _subscriptions() -> dict[str, Any]:
    return {
        "caller": DEVELOPER,
        "application": APPLICATION,
        "tab": "subscriptions",
        "subscriptions": [_held("pending"), _held("paused", reason="Điều khoản mới chưa được chấp nhận.")],
        "counted_by": "basic",
        "held_back": {"s-pending", "s-paused"},
        "products": [PRODUCT],
        "may_edit": True,
        "embedded": "<iframe src=…></iframe>",
        "error": "",
    }


def _sums(**values: Any) -> dict[str, Any]:
    return {
        "calls": 12000, "client_errors": 41, "server_errors": 0, "throttled": 7, "bytes": 52_000_000,
        "rows": 9000, "p50_ms": 20.0, "p95_ms": 50.0, **values,
    }  # fmt: skip


def _usage() -> dict[str, Any]:
    grains = [("hour", "24 giờ qua"), ("day", "30 ngày qua")]
    failure = {"at": TIME, "method": "GET", "path": "/api/v1/datasets", "query": "wrong=1", "status": 400,
               "code": "bad_request", "request_id": "01JZ5Q8W3K", "key_id": "key_1"}  # fmt: skip
    return {
        "caller": DEVELOPER,
        "application": APPLICATION,
        "tab": "usage",
        "grain": "day",
        "grains": grains,
        "total": _sums(),
        "course": [3, 5, 8, 4, 9],
        "routes": [_sums(group="/api/v1/datasets/<dataset_id>")],
        "keys": [{"name": "máy chủ chính", "display": "hpd_live_K7Qm2x…", "calls": 90, "replaced": True}],
        "quotas": [
            _quota(RULES[2], 410_000, exhausted_on=TIME),
            _quota(A_DAY, 620, key="máy chủ chính"),
        ],
        "failures": [failure],
    }


def _quota(rule: Rule, used: int, *, key: str = "", exhausted_on: str | None = None) -> dict[str, Any]:
    share = used * 100 // rule.amount
    return {
        "rule": rule,
        "used": used,
        "share": share,
        "ends": TIME,
        "exhausted_on": exhausted_on,
        "key": key,
    }


def _sent(state: str) -> dict[str, Any]:
    return {
        "id": f"d-{state}",
        "url": "https://thong-bao.xebuyt.example/hooks",
        "kind": "key.expiring",
        "state": state,
        "attempts": 2,
        "status": 500,
        "problem": "HTTP 500",
        "created": TIME,
        "next_at": TIME,
        "event": f"evt_{state}",
        "body": '{"type": "key.expiring"}',
    }


def _webhooks(*, filled: bool) -> dict[str, Any]:
    endpoint = {
        "id": "w1",
        "url": "https://thong-bao.xebuyt.example/hooks/opendata/v1/su-kien",
        "kinds": ["key.expiring"],
        "state": "active",
        "display": "hpd_wh_K7Qm2x…",
        "failing_since": TIME,
        "old_until": TIME,
        "created": TIME,
    }
    sent = [_sent(state) for state in ("waiting", "delivered", "dead")]
    return {
        "caller": DEVELOPER,
        "application": APPLICATION,
        "tab": "webhooks",
        "endpoints": [endpoint] if filled else [],
        "deliveries": sent if filled else [],
        "kinds": ["key.expiring", "quota.warning"],
        "sample": "import hmac\n",
        "may_edit": True,
        "embedded": "<iframe src=…></iframe>",
        "room": True,
        "secret": "hpd_wh_" + "K7Qm2xVb9LtRz4NcW8sYp1HdGf6JaE3u3EY1lJ" if filled else "",
        "secret_of": endpoint["url"],
        "values": {},
        "errors": {},
        "error": "",
    }


def _notices(*, filled: bool) -> dict[str, Any]:
    item = {"title": "Khóa “máy chủ chính” sắp hết hạn", "text": "Hãy thay bằng khóa mới.", "created": TIME,
            "href": "#"}  # fmt: skip
    rows = [
        {**item, "id": number, "unread": number > 1, "weight": weight}
        for number, weight in ((3, "late"), (2, "due"), (1, ""))
    ]
    return {"caller": DEVELOPER, "notices": rows if filled else [], "unread": 2 if filled else 0}


def _blocks() -> dict[str, Any]:
    row = {
        "id": "b1",
        "network": "203.0.113.0/24",
        "reason": "Quét cổng.",
        "created": TIME,
        "until": None,
        "by": "Vũ",
        "refused": 1250,
        "refused_at": TIME,
    }
    return {"caller": OPERATOR, "blocks": [row], "values": {}, "errors": {"network": "?"}, "error": ""}


PAGES: dict[str, Callable[[], dict[str, Any]]] = {
    "products/list": lambda: {"products": [PRODUCT], "plans": [PLAN, {**PLAN, "slug": "partner"}]},
    "products/product": _product,
    "products/requests": _requests,
    "developers/sign_up-product": lambda: {"errors": {"terms": "?"}, "values": {}, "product": PRODUCT},
    "developers/embedded_sign_up": lambda: {"product": PRODUCT, "plan": PLAN},
    "products/edit": _edit,
    "usage/subscriptions": _subscriptions,
    "usage/application": _usage,
    "developers/webhooks": lambda: _webhooks(filled=True),
    "developers/webhooks-none": lambda: _webhooks(filled=False),
    "notices": lambda: _notices(filled=True),
    "notices-none": lambda: _notices(filled=False),
    "operator/blocks": _blocks,
}
TEMPLATES = {
    "developers/sign_up-product": "developers/sign_up.html",
    "developers/webhooks-none": "developers/webhooks.html",
    "notices-none": "notices.html",
}
