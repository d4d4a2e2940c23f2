"""`opendata dataset`: find, look at, and move through the workflow."""

from collections.abc import Callable
from typing import Any

import click

from opendata.base.i18n import pick
from opendata.base.kit.errors import N_
from opendata.base.kit.vocabularies import Vocabularies
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.services.catalog import datasets, gate, reading, search, workflow
from opendata.services.catalog.search import DatasetQuery

COLUMNS = {
    "slug": N_("Tên rút gọn"),
    "title": N_("Tên"),
    "publisher": N_("Cơ quan"),
    "state": N_("Trạng thái"),
    "last_update": N_("Cập nhật"),
}
FINDINGS = {"severity": N_("Mức"), "field": N_("Trường"), "message": N_("Cần sửa")}


@click.group("dataset", cls=Group)
def command() -> None:
    pass


@command.command("list", help=N_("Liệt kê bộ dữ liệu, mới nhất trước."))
@click.option("--q", "text", default="", help=N_("Từ cần tìm."))
@click.option("--org", "organization", multiple=True, help=N_("Chỉ của cơ quan này."))
@click.option("--limit", default=50, type=click.IntRange(1, search.MAX_SIZE), show_default=True)
@json_option
@with_console
def listing(console: Console, text: str, organization: tuple[str, ...], limit: int, *, as_json: bool) -> None:
    query = DatasetQuery(
        text=text,
        filters={"organization": organization} if organization else {},
        sort="relevance" if text else "newest",
        size=limit,
    )
    with console.read() as work:
        page = search.find(work, query)
    if as_json:
        console.json({"total": page.total, "data": list(page.rows)})
    else:
        console.table([_row(row, console.language) for row in page.rows], COLUMNS)
        console.say(N_("%(shown)s trên %(total)s bộ dữ liệu."), shown=len(page.rows), total=page.total)


@command.command("show", help=N_("Xem một bộ dữ liệu."))
@click.argument("dataset")
@json_option
@with_console
def show(console: Console, dataset: str, *, as_json: bool) -> None:
    with console.read() as work:
        document = reading.dataset(work, dataset)
    console.details(document.value, as_json=as_json)


@command.command("check", help=N_("Kiểm tra điều kiện công bố."))
@click.argument("dataset")
@json_option
@with_console
def check(console: Console, dataset: str, *, as_json: bool) -> None:
    with console.read() as work:
        record = datasets.record_of(work, datasets.get(work, dataset))
        findings = gate.check(record, work.part(Vocabularies))
    rows = [
        {"severity": f.severity, "code": f.code, "field": f.field, "message": console.text(f.message)}
        for f in findings
    ]
    console.rows(rows, FINDINGS, as_json=as_json)
    if any(f.severity == "block" for f in findings):
        raise click.exceptions.Exit(3)


def _step(name: str, help_text: str, take: Callable[..., None], *, note_required: bool = False) -> None:
    """A verb of the workflow."""

    @command.command(name, help=help_text)
    @click.argument("dataset")
    @click.option("--note", required=note_required, help=N_("Ghi chú hoặc lý do."))
    @with_console
    def step(console: Console, dataset: str, note: str | None) -> None:
        with console.work() as work:
            found = datasets.get(work, dataset, lock=True)
            take(work, found, note=note)
            slug, state = found.slug, found.state
        console.say(N_("%(slug)s: %(state)s"), slug=slug, state=state)


_step("submit", N_("Gửi duyệt."), workflow.submit)
_step("publish", N_("Công bố."), workflow.publish)
_step("withdraw", N_("Thu hồi."), workflow.withdraw, note_required=True)


def _row(row: Any, language: str) -> dict[str, Any]:
    return {
        "slug": row["slug"],
        "title": pick(row["title"], language),
        "publisher": row["publisher"]["abbreviation"] or pick(row["publisher"]["name"], language),
        "state": row["state"],
        "last_update": (row["last_update"] or row["modified"])[:10],
    }
