"""Chromium, the sample pages and a small city behind real addresses."""

import importlib.util
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from opendata.doors.web.design.site import sample_site
from opendata.testing.servers.missing import ServerMissing, installs_allowed, program
from opendata.testing.web import City, build_city, close_city

ROOT = Path(__file__).resolve().parents[2]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of the system, installed where that is allowed."""
    try:
        executable = program("chromium", "chromium")
    except ServerMissing as missing:
        pytest.skip(str(missing))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(executable),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """A fresh browser window; a script error or a breach of the security policy fails the test."""
    contexts = []
    troubles: list[str] = []

    def make(
        width: int = 1280, height: int = 800, *, script: bool = True, scheme: str = "light", **more: object
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=script,
            color_scheme=scheme,  # type: ignore[arg-type]
            **more,  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture(scope="session")
def built() -> ModuleType:
    """The front-end build, done; with the accessibility rules where they may be installed."""
    spec = importlib.util.spec_from_file_location("build_static", ROOT / "tools/build_static.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not module.is_fresh() or (installs_allowed() and not axe_path().is_file()):
        try:
            module.build(dev=installs_allowed())
        except SystemExit as failed:
            pytest.skip(f"the static files cannot be built: {failed}")
    return module


def axe_path() -> Path:
    return ROOT / "opendata/doors/web/frontend/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="session")
def axe(built: ModuleType) -> str:
    """The source of the accessibility rules."""
    if not axe_path().is_file():
        pytest.skip("axe-core is not installed (python tools/build_static.py --dev)")
    return axe_path().read_text(encoding="utf-8")


def served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def samples(built: ModuleType) -> Iterator[str]:
    """Address of the site of sample pages."""
    yield from served(sample_site())


@pytest.fixture(scope="session")
def browsed_city(
    built: ModuleType, engines: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("browsed")
    city = build_city(folder)
    city.add_file()
    yield city
    close_city(city, folder)


@pytest.fixture(scope="session")
def site(browsed_city: City) -> Iterator[str]:
    """Address of a small city's portal."""
    yield from served(browsed_city.app)
