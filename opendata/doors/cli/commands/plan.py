"""`opendata plan`: how much whom may ask for."""

from datetime import datetime
from typing import Any

import click

from opendata.base.i18n import pick
from opendata.base.kit.errors import N_
from opendata.base.models import Plan, PlanVersion
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.services.plans import plans, rules, subscriptions

COLUMNS = {
    "slug": N_("Gói"),
    "title": N_("Tên"),
    "number": N_("Bản"),
    "rules": N_("Giới hạn"),
    "page_max": N_("Số dòng mỗi trang"),
}
REQUESTS = {
    "id": N_("Mã"),
    "application": N_("Ứng dụng"),
    "product": N_("Sản phẩm"),
    "plan": N_("Gói"),
    "state": N_("Trạng thái"),
    "requested_at": N_("Từ"),
}
VERSIONS = {"number": N_("Bản"), "valid_from": N_("Từ"), "rules": N_("Giới hạn")}


@click.group("plan", cls=Group)
def command() -> None:
    pass


@command.command("list", help=N_("Liệt kê các gói và giới hạn đang có hiệu lực."))
@json_option
@with_console
def listing(console: Console, *, as_json: bool) -> None:
    with console.read() as work:
        rows = [_row(plan, version, console.language) for plan, version in plans.listing(work)]
    console.rows(rows, COLUMNS, as_json=as_json)


@command.command("show", help=N_("Xem mọi bản của một gói, mới nhất trước."))
@click.argument("plan")
@json_option
@with_console
def show(console: Console, plan: str, *, as_json: bool) -> None:
    with console.read() as work:
        plans.get(work, plan)
        rows = [
            {
                "number": version.number,
                "valid_from": version.valid_from.isoformat(timespec="minutes"),
                "rules": _text(version),
            }
            for version in plans.versions(work, plan)
        ]
    console.rows(rows, VERSIONS, as_json=as_json)


@command.command("set", help=N_("Viết bản mới của gói, ví dụ: 20/second burst 60; 500000/calmonth."))
@click.argument("plan")
@click.argument("limits")
@click.option(
    "--by",
    "partition",
    type=click.Choice(rules.PARTITIONS),
    help=N_("Đếm theo: mạng, khóa, ứng dụng, đăng ký hay chủ sở hữu."),
)
@click.option("--page-max", type=click.IntRange(1, plans.PAGE_MOST), help=N_("Số dòng mỗi trang."))
@click.option("--title", help=N_("Tên tiếng Việt."))
@click.option("--en", default="", help=N_("Tên tiếng Anh."))
@with_console
def set_(
    console: Console,
    plan: str,
    limits: str,
    *,
    partition: str | None,
    page_max: int | None,
    title: str | None,
    en: str,
) -> None:
    with console.work() as work:
        before = plans.current(work, plan)
        counted_by = partition or (before.rules[0]["partition"] if before else "owner")
        version = plans.write(
            work,
            plan,
            rules.parse(limits, partition=counted_by),
            title={"vi": title, "en": en or title} if title else None,
            page_max=page_max or (before.page_max if before else 10_000),
        )
    console.say(N_("Gói %(plan)s có bản %(number)s."), plan=plan, number=version.number)


@command.command("retire", help=N_("Ngừng nhận đăng ký mới vào một gói."))
@click.argument("plan")
@with_console
def retire(console: Console, plan: str) -> None:
    with console.work() as work:
        plans.retire(work, plan)
    console.say(N_("Gói %(plan)s không nhận đăng ký mới."), plan=plan)


@command.command("requests", help=N_("Liệt kê đăng ký chưa kết thúc, đang chờ ở trên."))
@json_option
@with_console
def requests(console: Console, *, as_json: bool) -> None:
    with console.read() as work:
        rows = [
            {
                "id": item.id,
                "application": application.name,
                "product": wanted.slug,
                "plan": item.plan_slug,
                "state": item.state,
                "requested_at": item.requested_at.isoformat(timespec="minutes"),
            }
            for item, wanted, application in subscriptions.to_decide(work)
        ]
    console.rows(rows, REQUESTS, as_json=as_json)


@command.command("decide", help=N_("Duyệt, từ chối, tạm dừng, cho tiếp tục hoặc kết thúc một đăng ký."))
@click.argument("subscription")
@click.argument("step", type=click.Choice([*subscriptions.STEPS]))
@click.option("--reason", default="", help=N_("Lý do, người đăng ký đọc được."))
@with_console
def decide(console: Console, subscription: str, step: str, *, reason: str) -> None:
    with console.work() as work:
        found = subscriptions.take_step(work, subscription, step, reason=reason)
    console.say(N_("Đăng ký %(id)s: %(state)s."), id=found.id, state=found.state)


@command.command("move", help=N_("Chuyển một đăng ký sang gói khác hoặc bản mới nhất; đã dùng vẫn tính."))
@click.argument("subscription")
@click.argument("plan")
@with_console
def move(console: Console, subscription: str, plan: str) -> None:
    with console.work() as work:
        found = subscriptions.move(work, subscription, plan)
    console.say(
        N_("Đăng ký %(id)s theo gói %(plan)s, bản %(number)s."),
        id=found.id,
        plan=found.plan_slug,
        number=found.plan_number,
    )


@command.command("agree", help=N_("Thỏa thuận mức khác của một quy tắc cho một đăng ký."))
@click.argument("subscription")
@click.argument("rule")
@click.argument("amount", type=click.IntRange(1, rules.MOST))
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help=N_("Ngày cuối cùng; bỏ trống: mãi mãi."))
@with_console
def agree(console: Console, subscription: str, rule: str, amount: int, *, until: datetime | None) -> None:
    with console.work() as work:
        last = until.date().isoformat() if until else None
        found = subscriptions.agree(work, subscription, rule, amount, until=last)
    console.say(N_("Đăng ký %(id)s: %(rule)s là %(amount)s."), id=found.id, rule=rule, amount=amount)


def _row(plan: Plan, version: PlanVersion, language: str) -> dict[str, Any]:
    return {
        "slug": plan.slug,
        "title": pick(plan.title, language),
        "number": version.number,
        "rules": _text(version),
        "page_max": version.page_max,
    }


def _text(version: PlanVersion) -> str:
    return rules.shown(rules.compile_rules(version.rules))
