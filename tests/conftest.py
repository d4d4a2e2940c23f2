"""Which tests want the machine for themselves, and skips: told with their reasons, counted at the end, and
failures where a run is strict.

A test that cannot run here (no browser, no server) skips with a reason that names what is missing. With
OPENDATA_TEST_STRICT=1 that is a failure. A skip whose reason begins with "does not apply" stays a skip: no
checkout lacks anything for it (documents of others that only some machines hold, say).
"""

import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

DOES_NOT_APPLY = "does not apply"
ALONE = ("faults", "scaled")
"""Folders of tests that drive whole processes, and stop them. Single modules say `alone` themselves."""


@pytest.hookimpl(tryfirst=True)  # before they are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.relative_to(here).parts[0] in ALONE:
            item.add_marker(pytest.mark.alone)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    reason = _reason(report)
    if reason and os.environ.get("OPENDATA_TEST_STRICT") == "1" and not reason.startswith(DOES_NOT_APPLY):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: a strict run skips nothing ({reason})"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", ()))
    lost = {reason: n for reason, n in reasons.items() if reason and not reason.startswith(DOES_NOT_APPLY)}
    if lost:
        terminalreporter.section("not tested on this machine")
        for reason, number in sorted(lost.items()):
            terminalreporter.line(f"{number} tests: {reason}")


def _reason(report: pytest.TestReport) -> str | None:
    if not report.skipped or hasattr(report, "wasxfail") or not isinstance(report.longrepr, tuple):
        return None
    return str(report.longrepr[2]).removeprefix("Skipped: ")
