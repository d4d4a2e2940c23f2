"""What a visitor does first: search, filter, open, take, switch language; with and without script."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from opendata.testing.web import City

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_unmarked_words_find_a_dataset_and_its_page(open_page: Any, site: str, script: bool) -> None:
    page: Page = open_page(script=script)
    page.goto(site)
    page.get_by_role("searchbox" if not script else "combobox").fill("chat luong nuoc bien")
    page.get_by_role("button", name="Tìm").click()
    first = page.locator(".results h3 a").first
    expect(first).to_have_text("Chất lượng nước biển")
    first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Chất lượng nước biển")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_facet_narrows_the_list_and_can_be_taken_away(open_page: Any, site: str, script: bool) -> None:
    page: Page = open_page(script=script)
    page.goto(f"{site}/datasets")
    before = page.locator(".results > li").count()
    page.locator("#facet-topic > summary").click()
    page.locator("#facet-topic .facet-option").first.click()
    expect(page.locator(".chip")).to_have_count(1)
    assert "topic=" in page.url
    assert page.locator(".results > li").count() < before
    page.locator(".chip").first.click()
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator(".results > li")).to_have_count(before)


def test_with_script_a_facet_replaces_the_list_alone(open_page: Any, site: str) -> None:
    page: Page = open_page()
    page.goto(f"{site}/datasets")
    page.evaluate("window.same = true")
    page.locator("#facet-organization .facet-option").first.click()
    expect(page.locator(".chip")).to_have_count(1)
    assert page.evaluate("window.same") is True
    page.go_back()
    expect(page.locator(".chip")).to_have_count(0)
    assert "organization=" not in page.url


def test_a_file_is_taken(open_page: Any, site: str) -> None:
    page: Page = open_page(accept_downloads=True, script=False)
    page.goto(f"{site}/datasets?format=CSV&sort=newest")
    opened = False
    for link in page.locator(".results h3 a").all():
        address = link.get_attribute("href")
        page.goto(f"{site}{address}")
        if page.locator("a[href*='/download']").count():
            opened = True
            break
        page.go_back()
    assert opened
    with page.expect_download() as taken:
        page.locator("a[href*='/download']").first.click()
    assert taken.value.path().read_bytes().decode("utf-8-sig").startswith("mã,tên")


def test_the_language_switch_keeps_the_page(open_page: Any, site: str) -> None:
    page: Page = open_page(script=False)
    page.goto(f"{site}/datasets?q=nuoc&sort=newest")
    page.get_by_role("link", name="English").click()
    assert page.url == f"{site}/en/datasets?q=nuoc&sort=newest"
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_role("link", name="Tiếng Việt").click()
    assert page.url == f"{site}/datasets?q=nuoc&sort=newest"


def test_the_keyboard_alone_searches_filters_and_opens(open_page: Any, site: str) -> None:
    page: Page = open_page()
    page.goto(f"{site}/about")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("/")
    page.keyboard.type("nuoc bien")
    page.keyboard.press("Enter")
    page.wait_for_url("**/datasets?q=nuoc*")
    option = page.locator("#facet-organization .facet-option").first
    option.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(1)
    page.locator(".results h3 a").first.focus()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Enter")
    page.wait_for_url("**/dataset/**")


def test_a_phone_has_the_menu_and_the_filters_in_drawers(open_page: Any, site: str) -> None:
    page: Page = open_page(390, 844, has_touch=True)
    page.goto(f"{site}/datasets")
    expect(page.locator("#facet-organization")).to_be_hidden()
    page.locator("#drawer > summary").tap()
    expect(page.locator("#facet-organization")).to_be_visible()
    expect(page.get_by_role("link", name="Chủ đề", exact=True)).to_be_hidden()
    page.locator(".site-menu > summary").tap()
    page.get_by_role("link", name="Chủ đề", exact=True).tap()
    page.wait_for_url("**/topics")


def test_the_drawer_stays_open_while_filters_are_chosen(open_page: Any, site: str) -> None:
    page: Page = open_page(390, 844, has_touch=True)
    page.goto(f"{site}/datasets")
    page.locator("#drawer > summary").tap()
    page.locator("#facet-organization .facet-option").first.tap()
    expect(page.locator(".chip")).to_have_count(1)
    expect(page.locator("#facet-organization")).to_be_visible()


def test_the_reference_calls_the_api(open_page: Any, site: str) -> None:
    page: Page = open_page()
    page.goto(f"{site}/docs/api")
    operation = page.locator("article", has=page.locator("#get_datasets"))
    operation.locator(".try > summary").click()
    operation.locator("input[name=q]").fill("nuoc bien")
    expect(operation.locator("pre code").first).to_contain_text("q=nuoc+bien")
    operation.locator(".try button[type=submit]").click()
    expect(operation.locator(".try-status")).to_contain_text("200")
    expect(operation.locator("output code")).to_contain_text("Chất lượng nước biển")


def test_axe_finds_nothing_serious_on_filled_pages(
    open_page: Any, site: str, axe: str, browsed_city: City
) -> None:
    page: Page = open_page()
    for path in ("/", "/en/datasets", "/organizations", f"/en/dataset/{browsed_city.published}", "/docs/api"):
        page.goto(site + path)
        page.evaluate(axe)
        found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
        serious = [
            (path, rule["id"], rule["nodes"][0]["html"][:200])
            for rule in found["violations"]
            if rule["impact"] in {"serious", "critical"}
        ]
        assert serious == []


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_with_two_filters_each_control_says_what_it_does(open_page: Any, site: str, prefix: str) -> None:
    page: Page = open_page()
    page.goto(f"{site}{prefix}/datasets?organization=so-nong-nghiep-va-moi-truong&access_level=public")
    expect(page.locator(".chip")).to_have_count(3)
    named: dict[str, set[str]] = {}
    for control in page.locator("main a:not(h3 a), main button, main summary").all():
        name = " ".join((control.get_attribute("aria-label") or control.text_content() or "").split())
        assert name
        effect = control.get_attribute("href") or control.get_attribute("id") or name
        named.setdefault(name, set()).add(effect)
    assert {name: effects for name, effects in named.items() if len(effects) > 1} == {}


def test_a_printed_dataset_fits_the_paper(open_page: Any, site: str, browsed_city: City) -> None:
    page: Page = open_page(718, 1000)
    page.emulate_media(media="print")
    page.goto(f"{site}/dataset/{browsed_city.published}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    expect(page.locator(".dataset-side .facts")).to_be_visible()
    expect(page.locator(".site-footer")).to_be_hidden()
