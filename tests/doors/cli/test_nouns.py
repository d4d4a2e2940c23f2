"""The nouns at work: people, bodies, datasets, search, harvests, doctor."""

import pytest

from opendata.base.runtime import SYSTEM
from opendata.doors.cli import health_checks
from opendata.doors.cli.console import Console
from opendata.doors.cli.invocation import Invocation
from opendata.engines.search import DocumentsRefused, SearchIndex
from opendata.services.access import people
from opendata.services.catalog import indexing
from opendata.testing import modes


@pytest.fixture
def harvested(terminal, exchange_folder):
    """A department whose folder has been harvested once."""
    folder = exchange_folder()
    terminal.ok("org", "create", "Sở Thử nghiệm", "--slug", "so-thu", "--abbreviation", "STN")
    terminal.ok("harvest", "add", "folder", str(folder), "--org", "so-thu", "--slug", "thu-muc")
    terminal.ok("harvest", "accept", "thu-muc")
    terminal.ok("harvest", "run", "thu-muc")
    return terminal


def platform_of(terminal):
    return Console(Invocation(settings=terminal.installed)).platform


def test_people_get_accounts_roles_and_new_passwords(terminal) -> None:
    terminal.ok("org", "create", "Sở Thử nghiệm", "--slug", "so-thu")
    terminal.ok("user", "create", "an@x.example", "An", "--password-stdin", stdin="mat-khau-dau-tien\n")
    terminal.ok("user", "assign", "an@x.example", "so-thu", "editor")
    terminal.ok("user", "password", "an@x.example", "--password-stdin", stdin="mat-khau-thu-hai\n")
    platform = platform_of(terminal)
    with platform.read(SYSTEM) as work:
        user = people.authenticate(work, "an@x.example", "mat-khau-thu-hai")
        assert list(people.caller_of(work, user).roles.values()) == ["editor"]
    platform.close()
    terminal.ok("user", "assign", "an@x.example", "so-thu", "none")
    assert terminal.call("user", "create", "AN@x.example", "An", "--password-stdin", stdin="y" * 12) == 1


def test_a_short_password_is_refused(terminal) -> None:
    assert terminal.call("user", "create", "an@x.example", "An", "--password-stdin", stdin="ngan\n") == 1
    assert "password: " in terminal.err


def test_bodies_succeed_each_other(terminal) -> None:
    for name in ("Sở Cũ", "Sở Mới"):
        terminal.ok("org", "create", name, "--en", "Department")
    terminal.ok("org", "succeed", "so-cu", "so-moi", "--on", "2025-07-01")
    assert terminal.json("org", "show", "so-moi")["predecessors"] == ["so-cu"]
    assert terminal.json("org", "show", "so-cu")["successors"] == ["so-moi"]
    assert [body["slug"] for body in terminal.json("org", "list")] == ["so-cu", "so-moi"]


def test_a_folder_becomes_a_dataset_that_is_found(harvested) -> None:
    page = harvested.json("search", "query", "luong mua")
    assert [row["slug"] for row in page["data"]] == ["luong-mua-theo-tram"]
    assert harvested.json("dataset", "list")["total"] == 1
    document = harvested.json("dataset", "show", "luong-mua-theo-tram")
    assert document["resources"][0]["rows"] == 2
    harvested.ok("dataset", "check", "luong-mua-theo-tram")


def test_search_takes_filters_and_facets(harvested) -> None:
    page = harvested.json("search", "query", "", "--filter", "format=CSV", "--facet", "format")
    assert [(value["value"], value["count"]) for value in page["facets"]["format"]] == [("CSV", 1)]
    assert harvested.json("search", "query", "", "--filter", "format=XLSX")["total"] == 0
    assert harvested.call("search", "query", "", "--filter", "format") == 2


def test_a_preview_changes_nothing_until_it_is_applied(harvested, exchange_folder) -> None:
    exchange_folder(title="Lượng mưa theo trạm đo")
    preview = harvested.json("harvest", "preview", "thu-muc")
    assert preview["state"] == "done"
    assert harvested.json("dataset", "show", "luong-mua-theo-tram")["title"]["vi"] == "Lượng mưa theo trạm"
    harvested.ok("harvest", "apply", preview["id"])
    assert harvested.json("dataset", "show", "luong-mua-theo-tram")["title"]["vi"] == "Lượng mưa theo trạm đo"


def test_runs_of_a_source_are_told(harvested) -> None:
    sources = harvested.json("harvest", "list")
    assert [(s["slug"], s["state"], s["datasets"], s["last_run"]) for s in sources] == [
        ("thu-muc", "accepted", 1, "done")
    ]
    runs = harvested.json("harvest", "runs", "thu-muc")
    assert harvested.json("harvest", "show", runs[0]["id"])["complete"] is True


def test_a_source_runs_only_once_it_is_accepted(terminal, exchange_folder) -> None:
    terminal.ok("org", "create", "Sở Thử nghiệm", "--slug", "so-thu")
    terminal.ok("harvest", "add", "folder", str(exchange_folder()), "--org", "so-thu", "--slug", "thu-muc")
    assert terminal.call("harvest", "run", "thu-muc") == 1
    terminal.ok("harvest", "preview", "thu-muc")


def test_a_failed_run_exits_with_three(terminal, tmp_path) -> None:
    terminal.ok("org", "create", "Sở Thử nghiệm", "--slug", "so-thu")
    missing = str(tmp_path / "khong-co")
    terminal.ok("harvest", "add", "folder", missing, "--org", "so-thu", "--slug", "thu-muc")
    assert terminal.call("harvest", "preview", "thu-muc") == 3


def test_the_workflow_is_walked_step_by_step(harvested) -> None:
    slug = "luong-mua-theo-tram"
    assert harvested.call("dataset", "withdraw", slug) == 2
    harvested.ok("dataset", "withdraw", slug, "--note", "sai số liệu")
    assert harvested.call("dataset", "withdraw", slug, "--note", "lần nữa") == 1
    harvested.ok("dataset", "publish", slug)
    assert harvested.json("dataset", "show", slug)["state"] == "published"


def test_drift_of_the_index_is_found_and_mended(harvested) -> None:
    harvested.ok("search", "check")
    platform = platform_of(harvested)
    index = platform.part(SearchIndex)
    [(dataset_id, (sequence, _visibility))] = index.sequences().items()
    index.write([], [(dataset_id, sequence)])
    platform.close()
    assert harvested.call("search", "check", "--json") == 3
    assert dataset_id in harvested.out
    assert harvested.call("doctor") == 3
    harvested.ok("search", "check", "--repair")
    harvested.ok("search", "check")
    assert harvested.json("search", "query", "luong mua")["total"] == 1


def test_rebuild_fills_a_lost_index(harvested) -> None:
    modes.lose_index(harvested.folder)
    assert harvested.json("search", "query", "luong mua")["total"] == 1, "by the database meanwhile"
    assert harvested.call("search", "check") == 3
    assert harvested.call("doctor") == 3
    assert "Đã mất" in harvested.out
    harvested.ok("search", "rebuild")
    assert harvested.json("search", "query", "luong mua")["total"] == 1
    harvested.ok("search", "check")


def test_rebuild_names_what_the_index_refused(harvested, monkeypatch) -> None:
    def refuse(*_: object) -> int:
        raise DocumentsRefused({"11111111-1111-4111-8111-111111111111": "immense term"})

    monkeypatch.setattr(indexing, "rebuild", refuse)
    assert harvested.call("search", "rebuild") == 3
    assert "11111111-1111-4111-8111-111111111111" in harvested.out
    assert "immense term" in harvested.out


def test_doctor_finds_a_healthy_installation_healthy(harvested) -> None:
    findings = harvested.json("doctor")
    assert {finding["state"] for finding in findings} <= {"ok", "warn"}
    warned = {finding["check"] for finding in findings if finding["state"] == "warn"}
    assert "Việc định kỳ" in warned, "no worker has ever run"
    assert warned <= {"Việc định kỳ", "Tệp giao diện"}
    assert len({finding["check"] for finding in findings}) == 11


def test_doctor_says_what_to_do(bare_terminal, monkeypatch) -> None:
    monkeypatch.setattr(health_checks, "STATIC", bare_terminal.folder / "nowhere")
    assert bare_terminal.call("doctor", "--json") == 3
    assert "opendata migrate" in bare_terminal.out
    assert "make assets" in bare_terminal.out
