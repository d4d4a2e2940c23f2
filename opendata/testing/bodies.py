"""What every operation of the API takes: a request that is right, whoever makes it and of whatever thing."""

import io
from typing import Any

from opendata.testing.records import CSV
from opendata.testing.web import City

BODIES: dict[tuple[str, str], Any] = {
    ("post", "/apps"): {"name": "Ứng dụng mới"},
    ("delete", "/apps/{application_id}"): {"reason": "Không cần nữa."},
    ("post", "/apps/{application_id}/suspend"): {"reason": "Gọi quá nhiều."},
    ("post", "/apps/{application_id}/resume"): {"reason": "Đã sửa."},
    ("post", "/apps/{application_id}/keys"): {"name": "Khóa mới"},
    ("delete", "/apps/{application_id}/keys/{key_id}"): {"reason": "Bị lộ."},
    ("post", "/apps/{application_id}/client"): {"name": "Khách"},
    ("delete", "/apps/{application_id}/client"): {"reason": "Bị lộ."},
    ("put", "/me/second-factor"): {"offer": "x.y", "code": "000000"},
    ("delete", "/me/second-factor"): {"code": "000000"},
    ("post", "/me/organizations"): {"name": "Công ty Mới"},
    ("put", "/organizations/{organization_id}/members/{user_id}"): {"role": "editor"},
    ("post", "/organizations/{organization_id}/invitations"): {"email": "a@b.example", "role": "member"},
    ("post", "/integrations/leaks"): [],
    ("post", "/plans/{plan}/versions"): {"limits": "1000000/second"},
    ("put", "/organizations/{organization_id}/products/{product}"): {
        "title": {"vi": "Dữ liệu mở"},
        "plan": "partner",
    },
    ("post", "/apps/{application_id}/subscriptions"): {"product": "du-lieu-mo"},
    ("post", "/subscriptions/{subscription_id}/steps"): {"step": "end"},
    ("post", "/apps/{application_id}/webhooks"): {"url": "https://app.example/more"},
    ("put", "/subscriptions/{subscription_id}/plan"): {"plan": "basic"},
    ("put", "/subscriptions/{subscription_id}/agreement"): {"rule": "minute", "amount": 5_000_000},
    ("post", "/apps/{application_id}/transfer"): {"email": "ban@vidu.example"},
    ("post", "/network-blocks"): {"network": "192.0.2.0/24", "reason": "Gọi quá nhiều."},
    ("delete", "/network-blocks/{block_id}"): {"reason": "Đã nói chuyện."},
}


WHOLE = {
    "title": {"vi": "Thay"},
    "description": {"vi": "Mô tả đủ dài để bộ dữ liệu này vẫn còn đủ điều kiện được công bố."},
    "themes": ["ENVI"],
    "contact": [{"name": {"vi": "Phòng Dữ liệu"}, "email": "dulieu@haiphong.example"}],
    "license": "cc0",
    "access_level": "public",
    "legal_basis": [{"code": "Luật 20/2023/QH15"}],
    "frequency": "MONTHLY",
    "pham_vi": {"mode": "none"},
    "resources": [{"title": {"vi": "Tệp"}, "format": "CSV", "access_url": "https://nguon.example/a.csv"}],
}
"""A published dataset stays fit for the public, so a replacement says everything."""


def right_request(city: City, method: str, path: str) -> dict[str, Any]:
    """The arguments for a test client; `path` is that of the document."""
    arguments: dict[str, Any] = {"headers": {"If-Match": "*"}}
    if method == "post" and path.endswith("/resources"):
        arguments["data"] = {"file": (io.BytesIO(CSV), "a.csv")}
    elif method == "post" and path == "/api/v1/datasets":
        arguments["json"] = {"title": {"vi": "Mới"}, "publisher": city.own}
    elif method == "post" and path == "/api/v1/organizations":
        arguments["json"] = {"name": {"vi": "Sở Mới"}}
    elif (body := BODIES.get((method, path.removeprefix("/api/v1")))) is not None:
        arguments["json"] = body
    elif method == "put":
        arguments["json"] = WHOLE
    elif method == "patch":
        arguments["json"] = {}
    elif method == "post" and "/datasets/" in path:
        arguments["json"] = {"note": "Vì thế."}
    return arguments
