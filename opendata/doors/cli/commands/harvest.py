"""`opendata harvest`: sources, previews and runs."""

from pathlib import Path
from typing import Any

import click

from opendata.base.kit import strict_json
from opendata.base.kit.errors import N_, Unavailable
from opendata.base.models import HarvestRun, HarvestSource
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.doors.cli.root import FOUND
from opendata.services.catalog import organizations
from opendata.services.harvest import overview, pipeline, runs, sources
from opendata.services.harvest.events import of_run

SOURCES = {
    "slug": N_("Tên rút gọn"),
    "type": N_("Loại"),
    "title": N_("Tên"),
    "state": N_("Trạng thái"),
    "datasets": N_("Bộ dữ liệu"),
    "quarantined": N_("Cách ly"),
    "last_run": N_("Lượt gần nhất"),
}
RUNS = {
    "id": N_("Lượt"),
    "kind": N_("Loại"),
    "state": N_("Trạng thái"),
    "queued_at": N_("Lúc"),
    "counts": N_("Số bản ghi"),
}
GOOD = {"done"}
OVER = {*runs.FINISHED, "awaiting_approval"}


class RunBusy(Unavailable):
    code = "run_busy"
    message = N_("Nguồn đang được một tiến trình khác thu thập; lượt %(run)s vẫn chờ.")


@click.group("harvest", cls=Group)
def command() -> None:
    pass


@command.command("add", help=N_("Thêm một nguồn; nguồn mới cần được duyệt trước khi chạy."))
@click.argument("kind", metavar="TYPE")
@click.argument("url")
@click.option("--org", "organization", required=True, help=N_("Cơ quan chủ dữ liệu."))
@click.option("--title", help=N_("Tên nguồn."))
@click.option("--slug", help=N_("Tên rút gọn."))
@click.option("--config", help=N_("Cấu hình riêng của loại nguồn: JSON hoặc @tệp.json."))
@click.option("--mapping", help=N_("Giá trị mặc định và ngôn ngữ: JSON hoặc @tệp.json."))
@click.option(
    "--schedule", help=N_("Lịch chạy: hourly, daily, weekly, monthly hoặc cron, ví dụ '0 2 * * 1'.")
)
@with_console
def add(console: Console, /, kind: str, url: str, *, organization: str, **options: str | None) -> None:
    with console.work() as work:
        source = sources.create(
            work,
            type=kind,
            url=_place(url),
            title=options["title"] or url,
            organization_id=organizations.get(work, organization).id,
            slug=options["slug"],
            config=_json(options["config"], "--config"),
            mapping=_json(options["mapping"], "--mapping"),
            schedule=options["schedule"],
        )
        slug = source.slug
    console.say(N_("Đã thêm nguồn %(slug)s. Xem trước: opendata harvest preview %(slug)s"), slug=slug)


@command.command("list", help=N_("Liệt kê các nguồn."))
@json_option
@with_console
def listing(console: Console, *, as_json: bool) -> None:
    with console.read() as work:
        found = sources.visible(work)
        standings = overview.standings(work, found)
        rows = [_source(source, standings[source.id]) for source in found]
    console.rows(rows, SOURCES, as_json=as_json)


@command.command("accept", help=N_("Duyệt một nguồn để được chạy."))
@click.argument("source")
@with_console
def accept(console: Console, source: str) -> None:
    with console.work() as work:
        sources.accept(work, sources.get(work, source))
    console.say(N_("Đã duyệt %(slug)s."), slug=source)


@command.command("schedule", help=N_("Đặt lịch chạy của một nguồn; bỏ trống lịch để chỉ chạy tay."))
@click.argument("source")
@click.argument("schedule", required=False)
@with_console
def schedule(console: Console, source: str, schedule: str | None) -> None:
    with console.work() as work:
        found = sources.get(work, source)
        sources.reschedule(work, found, schedule)
        due = found.next_due.isoformat(timespec="minutes") if found.next_due else "–"
    console.say(N_("Lượt tới của %(slug)s: %(due)s."), slug=source, due=due)


@command.command("preview", help=N_("Xem trước: đọc nguồn và so sánh, không thay đổi gì."))
@click.argument("source")
@json_option
@with_console
def preview(console: Console, source: str, *, as_json: bool) -> None:
    _carry_out(console, source, "preview", as_json=as_json)


@command.command("run", help=N_("Chạy một nguồn đã duyệt và chờ kết quả."))
@click.argument("source")
@json_option
@with_console
def run(console: Console, source: str, *, as_json: bool) -> None:
    _carry_out(console, source, "manual", as_json=as_json)


@command.command("apply", help=N_("Áp dụng đúng những gì một lượt xem trước đã cho thấy."))
@click.argument("preview_run", metavar="RUN")
@json_option
@with_console
def apply(console: Console, preview_run: str, *, as_json: bool) -> None:
    with console.work() as work:
        run_id = runs.apply_preview(work, runs.get(work, preview_run)).id
    _finish(console, run_id, as_json=as_json)


@command.command("runs", help=N_("Các lượt chạy của một nguồn, mới nhất trước."))
@click.argument("source")
@click.option("--limit", default=20, type=click.IntRange(1, 1000), show_default=True)
@json_option
@with_console
def runs_(console: Console, source: str, limit: int, *, as_json: bool) -> None:
    with console.read() as work:
        found = runs.of_source(work, sources.get(work, source), limit=limit)
        rows = [_run(one) for one in found]
    console.rows(rows, RUNS, as_json=as_json)


@command.command("show", help=N_("Xem một lượt chạy cùng các sự kiện."))
@click.argument("run_id", metavar="RUN")
@json_option
@with_console
def show(console: Console, run_id: str, *, as_json: bool) -> None:
    _show(console, run_id, as_json=as_json)


def _carry_out(console: Console, source: str, kind: str, *, as_json: bool) -> None:
    with console.work() as work:
        run_id = runs.start(work, sources.get(work, source), kind).id
    _finish(console, run_id, as_json=as_json)


def _finish(console: Console, run_id: str, *, as_json: bool) -> None:
    """The queue of the command line has run it already, unless another worker holds its source, or the source
    asked to be left alone for a while: then a worker takes it up."""
    with console.read() as work:
        put_off = runs.is_put_off(work, run_id)
    state = "queued" if put_off else pipeline.run(console.platform, run_id)
    if state not in OVER:
        raise RunBusy(run=run_id)
    _show(console, run_id, as_json=as_json)
    if state not in GOOD:
        raise click.exceptions.Exit(FOUND)


def _show(console: Console, run_id: str, *, as_json: bool) -> None:
    with console.read() as work:
        found = runs.get(work, run_id)
        events = of_run(work, run_id)
        value = {
            **_run(found),
            "complete": found.complete,
            "timings": found.timings,
            "error_code": found.error_code,
            "error": found.error,
            "result": found.result,
            "events": [
                {"severity": e.severity, "code": e.code, "guid": e.guid, "path": e.path, "message": e.message}
                for e in events
            ],
        }
    console.details(value, as_json=as_json)


def _source(source: HarvestSource, standing: overview.Standing) -> dict[str, Any]:
    last = standing.last_run
    return {
        "id": source.id,
        "slug": source.slug,
        "type": source.type,
        "title": source.title,
        "url": source.url,
        "state": source.state,
        "datasets": standing.datasets,
        "quarantined": standing.quarantined,
        "last_run": last.state if last else None,
    }


def _run(run: HarvestRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "kind": run.kind,
        "state": run.state,
        "queued_at": run.queued_at.isoformat(timespec="seconds"),
        "counts": run.counts,
    }


def _place(url: str) -> str:
    """A folder may be given relative to the working directory."""
    return url if "://" in url else str(Path(url).resolve())


def _json(text: str | None, option: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        raw = Path(text[1:]).read_bytes() if text.startswith("@") else text
        value = strict_json.loads(raw)
    except (OSError, strict_json.NotJson) as error:
        raise click.BadParameter(str(error), param_hint=option) from error
    if not isinstance(value, dict):
        raise click.BadParameter("{…}", param_hint=option)
    return value
