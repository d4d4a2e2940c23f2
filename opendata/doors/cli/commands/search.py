"""`opendata search`: ask the catalogue, build its index anew, compare the index with the database."""

from typing import Any

import click

from opendata.base.i18n import pick
from opendata.base.kit.errors import N_
from opendata.base.runtime import outbox
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.doors.cli.root import FOUND
from opendata.engines.search import DocumentsRefused
from opendata.services.catalog import indexing, search
from opendata.services.catalog.search import DatasetQuery, Page

REFUSED = {"id": N_("Bộ dữ liệu"), "reason": N_("Lý do bị từ chối")}
COLUMNS = {"slug": N_("Tên rút gọn"), "title": N_("Tên"), "publisher": N_("Cơ quan"), "near": N_("Gần đúng")}


@click.group("search", cls=Group)
def command() -> None:
    pass


@command.command("query", help=N_("Tìm như ô tìm kiếm của cổng."))
@click.argument("text")
@click.option("--filter", "pairs", multiple=True, metavar="NAME=VALUE", help=N_("Bộ lọc, ví dụ format=CSV."))
@click.option("--facet", "facets", multiple=True, help=N_("Đếm theo mặt này."))
@click.option("--sort", default="relevance", type=click.Choice(search.SORTS), show_default=True)
@click.option("--limit", default=20, type=click.IntRange(1, search.MAX_SIZE), show_default=True)
@json_option
@with_console
def query(
    console: Console,
    text: str,
    pairs: tuple[str, ...],
    *,
    facets: tuple[str, ...],
    sort: str,
    limit: int,
    as_json: bool,
) -> None:
    asked = DatasetQuery(text=text, filters=_filters(pairs), facets=facets, sort=sort, size=limit)
    with console.read() as work:
        page = search.find(work, asked)
    if as_json:
        console.json(_page(page))
        return
    console.table([_row(row, console.language) for row in page.rows], COLUMNS)
    console.say(N_("%(shown)s trên %(total)s bộ dữ liệu."), shown=len(page.rows), total=page.total)


@command.command("rebuild", help=N_("Dựng lại chỉ mục bên cạnh chỉ mục đang dùng rồi đổi chỗ."))
@with_console
def rebuild(console: Console) -> None:
    try:
        with console.progress(N_("Dựng chỉ mục")) as advance:
            total = indexing.rebuild(console.platform, lambda done, total: advance("", done, total))
    except DocumentsRefused as refused:
        rows = [{"id": key, "reason": reason} for key, reason in sorted(refused.reasons.items())]
        console.table(rows, REFUSED)
        console.say(N_("Chỉ mục mới đang dùng, trừ %(count)s bộ dữ liệu trên đây."), count=len(rows))
        raise click.exceptions.Exit(FOUND) from refused
    console.say(N_("Chỉ mục có %(total)s bộ dữ liệu."), total=total)


@command.command("check", help=N_("So chỉ mục với cơ sở dữ liệu."))
@click.option("--repair", is_flag=True, help=N_("Sửa những chỗ lệch."))
@json_option
@with_console
def check(console: Console, *, repair: bool, as_json: bool) -> None:
    found = indexing.drift(console.platform)
    if repair and found.ids:
        indexing.repair(console.platform, found)
        outbox.drain(console.platform)
    result = {"missing": found.missing, "stale": found.stale, "extra": found.extra, "repaired": repair}
    console.details({key: _count(value, as_json=as_json) for key, value in result.items()}, as_json=as_json)
    if found.ids and (not repair or indexing.drift(console.platform).ids):
        raise click.exceptions.Exit(FOUND)


def _count(value: Any, *, as_json: bool) -> Any:
    return len(value) if isinstance(value, tuple) and not as_json else value


def _filters(pairs: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    filters: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise click.BadParameter(pair, param_hint="--filter")
        filters[name] = (*filters.get(name, ()), value)
    return filters


def _page(page: Page) -> dict[str, Any]:
    facets = {
        name: [{"value": one.value, "label": one.label, "count": one.count} for one in values]
        for name, values in page.facets.items()
    }
    return {
        "total": page.total,
        "total_exact": page.total_exact,
        "next": page.next,
        "facets": facets,
        "data": [dict(row) for row in page.rows],
    }


def _row(row: Any, language: str) -> dict[str, Any]:
    publisher = row["publisher"]["abbreviation"] or pick(row["publisher"]["name"], language)
    near = "~" if row.get("near") else ""
    return {"slug": row["slug"], "title": pick(row["title"], language), "publisher": publisher, "near": near}
