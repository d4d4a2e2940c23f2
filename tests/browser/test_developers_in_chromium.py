"""From landing to a call that runs, on a phone, in both languages: without a key, then with one."""

import re
import shlex
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import count
from typing import Any

import orjson
import pytest
from playwright.sync_api import Locator, Page, expect

from opendata.services.access.changes import Changes
from opendata.services.plans.gate import PlanGate
from opendata.services.plans.meter import Meter
from opendata.testing.hostile_server import Answer, HostileServer
from opendata.testing.web import City, build_city, close_city

from .conftest import served

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}
WITHOUT_KEY, WITH_KEY = 60.0, 120.0
"""Seconds from landing: what the portal promises its developers."""
NUMBER = count()


@dataclass(frozen=True, slots=True)
class Words:
    prefix: str
    menu: str
    developers: str
    sign_up: str
    submit: str
    opened: str
    usage: str
    keys: str
    replace: str
    rotate: str


SPOKEN = {
    "vi": Words(
        prefix="",
        menu="Mục lục",
        developers="Nhà phát triển",
        sign_up="Đăng ký và nhận khóa",
        submit="Đăng ký",
        opened="Đã chép, mở ứng dụng",
        usage="Mức sử dụng",
        keys="Khóa",
        replace="Thay hoặc thu hồi",
        rotate="Thay bằng khóa mới",
    ),
    "en": Words(
        prefix="/en",
        menu="Menu",
        developers="Developers",
        sign_up="Sign up and get a key",
        submit="Sign up",
        opened="Copied, open the application",
        usage="Usage",
        keys="Key",
        replace="Replace or revoke",
        rotate="Replace by a new key",
    ),
}


@pytest.fixture(scope="module")
def portal(built: Any, engines: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal as it is served: it knows its address, counts calls and sees changes."""
    folder = tmp_path_factory.mktemp("portal")
    city: City = build_city(folder)
    serving = served(city.app)
    address = next(serving)
    city.platform.settings = replace(city.platform.settings, base_url=address)
    for part in (Changes, PlanGate, Meter):
        city.platform.part(part).start()  # type: ignore[attr-defined]
    yield address
    next(serving, None)
    close_city(city, folder)


@pytest.fixture
def phone(open_page: Any) -> Callable[[], Page]:
    return lambda: open_page(**PHONE, permissions=["clipboard-read", "clipboard-write"], has_touch=True)


def landed(page: Page, portal: str, words: Words) -> None:
    """On the developers' page, by what a thumb can reach from the home page."""
    page.goto(portal + (words.prefix or "/"))
    page.locator(".site-menu > summary", has_text=words.menu).click()
    page.locator(".site-nav").get_by_role("link", name=words.developers).click()


def copied(page: Page, button: Locator) -> str:
    button.click()
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def run(call: str) -> dict[str, Any]:
    """The answer to a copied curl line. Whatever is not good raises."""
    words = [word for word in shlex.split(call) if word != "\n"]
    assert words[0] == "curl"
    fields = dict(words[place + 1].split(": ", 1) for place, word in enumerate(words) if word == "-H")
    asked = urllib.request.Request(words[1], headers=fields)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.status == HTTPStatus.OK
        found: dict[str, Any] = orjson.loads(answer.read())
        return found


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("language", SPOKEN)
def test_the_first_call_runs_within_a_minute_without_a_key(
    phone: Callable[[], Page], portal: str, language: str
) -> None:
    words, page, began = SPOKEN[language], phone(), time.monotonic()
    landed(page, portal, words)
    call = copied(page, page.locator("#open-call-code-1").locator("xpath=../..").locator(".copy"))
    assert "X-Api-Key" not in call
    assert "data" in run(call)
    assert fits(page)
    assert time.monotonic() - began < WITHOUT_KEY


@pytest.mark.parametrize("language", SPOKEN)
def test_a_key_is_had_used_seen_and_rotated_within_two_minutes(
    phone: Callable[[], Page], portal: str, language: str
) -> None:
    words, page, began = SPOKEN[language], phone(), time.monotonic()
    landed(page, portal, words)
    page.get_by_role("link", name=words.sign_up).click()
    page.locator("[name=name]").fill("Nguyễn Thử")
    page.locator("[name=email]").fill(f"thu{next(NUMBER)}@vidu.example")
    page.locator("[name=password]").fill("con tàu cập bến lúc năm giờ")
    page.get_by_role("button", name=words.submit, exact=True).click()
    key = page.locator("#new-key").inner_text().strip()
    assert re.fullmatch(r"hpd_live_[0-9A-Za-z]{38}", key)
    assert fits(page)
    call = copied(page, page.locator("#keyed-call-code-1").locator("xpath=../..").locator(".copy"))
    assert key in call
    assert "data" in run(call)
    page.get_by_role("link", name=words.opened).click()
    page.locator(".tabs").get_by_role("link", name=words.usage).click()
    _see_a_call(page)
    assert fits(page)
    page.locator(".tabs").get_by_role("link", name=words.keys, exact=True).click()
    page.locator("summary", has_text=words.replace).first.click()
    page.get_by_role("button", name=words.rotate).first.click()
    newer = page.locator("#new-key").inner_text().strip()
    assert newer != key
    for held in (key, newer):
        assert "data" in run(call.replace(key, held))
    assert time.monotonic() - began < WITH_KEY


def _see_a_call(page: Page) -> None:
    """Within a minute; it is there after a second or two."""
    ends = time.monotonic() + 60
    while "/api/v1/datasets" not in page.locator("main").inner_text():
        assert time.monotonic() < ends
        time.sleep(0.5)
        page.reload()
    expect(page.locator("main")).to_contain_text("/api/v1/datasets")


@pytest.fixture
def foreign_site(portal: str) -> Iterator[str]:
    """A page of another site that shows the portal in a frame."""
    frame = f'<iframe src="{portal}/embed/signup?product=du-lieu-mo" width="340" height="420"></iframe>'
    with HostileServer(lambda _: Answer(body=frame.encode(), type="text/html")) as server:
        yield server.url.replace("127.0.0.1", "localhost")


def test_a_page_of_another_site_leads_to_a_key(phone: Callable[[], Page], foreign_site: str) -> None:
    page = phone()
    page.goto(foreign_site)
    shown = page.frame_locator("iframe")
    expect(shown.locator("h1")).to_have_text("du-lieu-mo")
    with page.expect_popup() as opened:
        shown.get_by_role("link", name="Đăng ký và nhận khóa").click()
    form = opened.value
    expect(form.locator("[name=product]")).to_have_value("du-lieu-mo")
    form.locator("[name=name]").fill("Nguyễn Nhúng")
    form.locator("[name=email]").fill(f"nhung{next(NUMBER)}@vidu.example")
    form.locator("[name=password]").fill("con tàu cập bến lúc năm giờ")
    form.get_by_role("button", name="Đăng ký", exact=True).click()
    expect(form.locator("#new-key")).to_contain_text("hpd_live_")
    assert fits(form)
