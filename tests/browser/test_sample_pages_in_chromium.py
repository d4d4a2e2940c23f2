"""Every page, with made-up content, as a browser shows it."""

from typing import Any

import pytest
from playwright.sync_api import Page

from opendata.doors.web.design.pages import PAGES

pytestmark = pytest.mark.browser
EVERY = pytest.mark.parametrize("name", sorted(PAGES))
LANGUAGES = ("", "en/")


@EVERY
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_page: Any, samples: str, axe: str, name: str, scheme: str) -> None:
    page: Page = open_page(scheme=scheme)
    page.goto(f"{samples}/{'en/' if scheme == 'dark' else ''}{name}")
    page.evaluate(axe)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    serious = [
        (rule["id"], rule["nodes"][0]["html"][:200], rule["nodes"][0]["failureSummary"][:300])
        for rule in found["violations"]
        if rule["impact"] in {"serious", "critical"}
    ]
    assert serious == []


@EVERY
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_scrolls_sideways_at_320_pixels(
    open_page: Any, samples: str, name: str, language: str
) -> None:
    page: Page = open_page(320, 640)
    page.goto(f"{samples}/{language}{name}")
    page.evaluate("document.fonts.ready.then(() => 1)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", ["home", "dataset", "search"])
def test_twice_the_text_size_scrolls_no_page_sideways(open_page: Any, samples: str, name: str) -> None:
    page: Page = open_page(1280 // 2, 400)
    page.goto(f"{samples}/{name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


@EVERY
def test_pages_ask_nothing_of_other_hosts(open_page: Any, samples: str, name: str) -> None:
    page: Page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{samples}/{name}")
    page.evaluate("document.fonts.ready.then(() => 1)")
    assert [url for url in asked if not url.startswith((samples, "data:"))] == []


def test_whether_to_trust_a_dataset_fits_the_first_screen_of_a_phone(open_page: Any, samples: str) -> None:
    page: Page = open_page(390, 844)
    page.goto(f"{samples}/dataset")
    page.evaluate("document.fonts.ready.then(() => 1)")
    bottom = page.locator(".dataset-side .facts").evaluate("part => part.getBoundingClientRect().bottom")
    assert bottom <= 844


def test_a_wide_table_scrolls_in_its_own_named_frame_by_keys(open_page: Any, samples: str) -> None:
    page: Page = open_page(360, 640)
    page.goto(f"{samples}/dataset")
    frame = page.locator(".table-frame").first
    assert frame.get_attribute("aria-label")
    frame.focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    last = frame.locator("thead th").last.bounding_box()
    assert last is not None
    assert last["x"] + last["width"] <= 361
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_layout_does_not_shift_while_the_home_page_loads(open_page: Any, samples: str) -> None:
    page: Page = open_page(390, 844)
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) =>"
        " (window.shift += entry.value))).observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto(f"{samples}/home")
    page.evaluate("document.fonts.ready.then(() => 1)")
    assert page.evaluate("window.shift") < 0.05


def test_the_chosen_theme_is_kept_on_the_next_page(open_page: Any, samples: str) -> None:
    page: Page = open_page()
    page.goto(f"{samples}/home")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator(".theme-button").click()
    after = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert before != after
    page.goto(f"{samples}/about")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == after


@pytest.mark.parametrize("key", ["/", "Control+k"])
def test_a_key_leads_to_the_search_box(open_page: Any, samples: str, key: str) -> None:
    page: Page = open_page()
    page.goto(f"{samples}/about")
    page.keyboard.press(key)
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("a/b")
    assert page.locator("#site-search").input_value() == "a/b"


def test_a_copied_call_is_on_the_clipboard(open_page: Any, samples: str) -> None:
    page: Page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{samples}/home")
    page.locator(".code-block .copy").first.click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl ")


SUGGESTIONS = {
    "data": [
        {"kind": "dataset", "text": "Sản lượng hàng hóa thông qua cảng biển", "slug": "san-luong"},
        {"kind": "tag", "text": "cảng biển", "slug": None},
        {"kind": "topic", "text": "Trang lạ", "slug": "//evil.example/?x"},
    ]
}


def suggesting(page: Page, samples: str) -> None:
    page.route("**/api/v1/suggest?*", lambda route: route.fulfill(json=SUGGESTIONS))
    page.goto(f"{samples}/home")


def test_suggestions_are_chosen_by_keys(open_page: Any, samples: str) -> None:
    page: Page = open_page()
    suggesting(page, samples)
    box = page.get_by_role("combobox")
    box.press_sequentially("cang")
    page.get_by_role("option").first.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = box.get_attribute("aria-activedescendant")
    assert page.locator(f"#{chosen} span").first.inner_text() == "cảng biển"
    page.keyboard.press("Escape")
    assert box.get_attribute("aria-expanded") == "false"
    box.press_sequentially(" b")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/dataset/san-luong")


def test_a_suggestion_never_leads_to_another_site(open_page: Any, samples: str) -> None:
    page: Page = open_page()
    suggesting(page, samples)
    page.get_by_role("combobox").press_sequentially("trang")
    page.get_by_role("option").nth(2).click()
    page.wait_for_url("**/topic/%2F%2Fevil.example%2F%3Fx")
    assert page.url.startswith(samples)


def test_nothing_is_asked_or_sent_while_a_word_is_composed(open_page: Any, samples: str) -> None:
    page: Page = open_page()
    asked: list[str] = []
    page.route(
        "**/api/v1/suggest?*", lambda route: (asked.append(route.request.url), route.fulfill(json={}))[1]
    )
    page.goto(f"{samples}/home")
    box = page.get_by_role("combobox")
    box.focus()
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "cảng", "selectionStart": 4, "selectionEnd": 4})
    page.wait_for_timeout(400)
    assert asked == []
    assert box.input_value() == "cảng"
    session.send("Input.insertText", {"text": "cảng"})
    page.wait_for_timeout(400)
    assert len(asked) == 1
