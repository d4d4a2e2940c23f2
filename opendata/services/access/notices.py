"""What people are told about their keys, quotas and subscriptions: in the page, and by mail where the address
is confirmed. Written in the transaction of what happened, once for each person.

No notice holds a secret: a key is named by its first characters.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from opendata.base.i18n import pick, translations
from opendata.base.kit.errors import N_
from opendata.base.models import Application, Membership, Notice, User
from opendata.base.runtime import Work
from opendata.base.runtime.database import insert_into
from opendata.services.access import mails, policy

MOST_TOLD = 20
"""People of one organisation who are told."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\+00:00|Z)")
KEPT = 200
"""Notices of one person that can be seen."""


@dataclass(frozen=True, slots=True)
class Words:
    """Message ids; `page` is the kind of page that shows more, by the id that `data` holds for it."""

    title: str
    text: str
    page: str = "application"


WORDS: Mapping[str, Words] = {
    "key.created": Words(
        N_("Khóa mới “%(key)s”"),
        N_("Khóa “%(key)s” (%(display)s) của ứng dụng “%(application_name)s” vừa được tạo."),
    ),
    "key.rotated": Words(
        N_("Khóa “%(key)s” đã được thay"),
        N_(
            "Khóa “%(key)s” của ứng dụng “%(application_name)s” có khóa mới (%(display)s)."
            " Khóa cũ (%(old_display)s) chạy đến %(until)s."
        ),
    ),
    "key.revoked": Words(
        N_("Khóa “%(key)s” đã bị thu hồi"),
        N_("Khóa “%(key)s” (%(display)s) của ứng dụng “%(application_name)s” không còn dùng được."),
    ),
    "key.leaked": Words(
        N_("Khóa API của bạn bị lộ và đã được thu hồi"),
        N_(
            "Khóa “%(key)s” (%(display)s) của ứng dụng “%(application_name)s” được tìm thấy ở nơi công khai"
            " và đã bị thu hồi ngay: %(url)s. Hãy tạo khóa mới và đừng ghi khóa vào mã nguồn."
        ),
    ),
    "client.leaked": Words(
        N_("Bí mật của ứng dụng khách bị lộ và không còn dùng được"),
        N_(
            "Bí mật %(display)s của ứng dụng “%(application_name)s” được tìm thấy ở nơi công khai: %(url)s."
            " Hãy tạo bí mật mới và đừng ghi bí mật vào mã nguồn."
        ),
        page="client",
    ),
    "grant.leaked": Words(
        N_("Mã làm mới của “%(application_name)s” bị lộ và không còn dùng được"),
        N_(
            "Mã làm mới %(display)s của ứng dụng “%(application_name)s” được tìm thấy ở nơi công khai:"
            " %(url)s. Quyền mà mã này mang đã kết thúc; muốn dùng tiếp cần cho phép lại."
        ),
        page="consents",
    ),
    "ticket.leaked": Words(
        N_("Mã đăng ký ban đầu bị lộ và không còn dùng được"),
        N_(
            "Mã đăng ký ban đầu %(display)s của %(organization_name)s được tìm thấy ở nơi công khai: %(url)s."
            " Hãy xem lại các ứng dụng khách đã đăng ký bằng mã này."
        ),
        page="team",
    ),
    "registration.leaked": Words(
        N_("Mã quản lý của ứng dụng khách bị lộ và không còn dùng được"),
        N_(
            "Mã quản lý %(display)s của ứng dụng “%(application_name)s” được tìm thấy ở nơi công khai:"
            " %(url)s. Hãy xem lại mô tả của ứng dụng khách; từ nay chỉ quản lý được ở trang của ứng dụng."
        ),
        page="client",
    ),
    "webhook.leaked": Words(
        N_("Bí mật của webhook bị lộ và đã được thay"),
        N_(
            "Bí mật %(display)s của ứng dụng “%(application_name)s” được tìm thấy ở nơi công khai: %(url)s."
            " Máy chủ của bạn không được tin chữ ký bằng bí mật này nữa. Hãy lấy bí mật mới ở trang webhook;"
            " thông báo chưa nhận được sẽ được gửi lại."
        ),
        page="webhooks",
    ),
    "key.expiring": Words(
        N_("Khóa “%(key)s” sắp hết hạn"),
        N_(
            "Khóa “%(key)s” (%(display)s) của ứng dụng “%(application_name)s” hết hạn ngày %(until)s."
            " Hãy thay bằng khóa mới; khóa cũ còn chạy thêm trong lúc chuyển."
        ),
    ),
    "quota.warning": Words(
        N_("Đã dùng quá 80 phần trăm hạn mức"),
        N_("Kỳ %(period)s đã dùng %(used)s trên %(limit)s (quy tắc %(rule)s)."),
        page="applications",
    ),
    "quota.exhausted": Words(
        N_("Đã dùng hết hạn mức"),
        N_("Kỳ %(period)s đã dùng %(used)s trên %(limit)s (quy tắc %(rule)s)."),
        page="applications",
    ),
    "subscription.requested": Words(
        N_("Có yêu cầu dùng “%(product_title)s”"),
        N_("Ứng dụng “%(application_name)s” xin dùng “%(product_title)s”. Cần quyết định trước %(until)s."),
        page="requests",
    ),
    "subscription.overdue": Words(
        N_("Yêu cầu dùng “%(product_title)s” đã quá hạn quyết định"),
        N_("Ứng dụng “%(application_name)s” chờ quyết định từ ngày %(since)s, hạn là %(until)s."),
        page="requests",
    ),
    "subscription.approved": Words(
        N_("Được dùng “%(product_title)s”"),
        N_("Ứng dụng “%(application_name)s” dùng được “%(product_title)s” từ bây giờ."),
        page="subscriptions",
    ),
    "subscription.rejected": Words(
        N_("Yêu cầu dùng “%(product_title)s” bị từ chối"),
        N_("Yêu cầu của ứng dụng “%(application_name)s” bị từ chối. Lý do: %(reason)s"),
        page="subscriptions",
    ),
    "subscription.paused": Words(
        N_("Tạm dừng “%(product_title)s”"),
        N_("Ứng dụng “%(application_name)s” tạm thời không dùng được “%(product_title)s”. Lý do: %(reason)s"),
        page="subscriptions",
    ),
    "subscription.resumed": Words(
        N_("Dùng lại được “%(product_title)s”"),
        N_("Ứng dụng “%(application_name)s” dùng lại được “%(product_title)s”."),
        page="subscriptions",
    ),
    "subscription.ended": Words(
        N_("Đã kết thúc “%(product_title)s”"),
        N_("Ứng dụng “%(application_name)s” không còn dùng “%(product_title)s”."),
        page="subscriptions",
    ),
    "terms.changed": Words(
        N_("Điều khoản của “%(product_title)s” đã đổi"),
        N_(
            "Hãy đọc và chấp nhận điều khoản mới cho ứng dụng “%(application_name)s” trước %(until)s;"
            " sau đó việc dùng bị tạm dừng."
        ),
        page="subscriptions",
    ),
    "webhook.dead": Words(
        N_("Không gửi được thông báo tới máy chủ của bạn"),
        N_("Đã thử nhiều lần mà %(url)s không nhận sự kiện %(event_kind)s. Lần cuối: %(problem)s."),
        page="webhooks",
    ),
    "webhook.off": Words(
        N_("Đã ngừng gửi thông báo tới máy chủ của bạn"),
        N_("%(url)s không trả lời suốt năm ngày nên đã bị tắt. Bật lại ở trang webhook của ứng dụng."),
        page="webhooks",
    ),
    "application.suspended": Words(
        N_("Ứng dụng “%(application_name)s” bị tạm dừng"),
        N_("Quản trị cổng đã tạm dừng ứng dụng “%(application_name)s”. Lý do: %(reason)s"),
    ),
    "application.offered": Words(
        N_("Ứng dụng “%(application_name)s” chờ bạn nhận"),
        N_("%(by)s muốn chuyển ứng dụng “%(application_name)s” cho bạn hoặc tổ chức của bạn."),
        page="applications",
    ),
    "application.transferred": Words(
        N_("Ứng dụng “%(application_name)s” đã có chủ mới"),
        N_("Ứng dụng “%(application_name)s” đã được chuyển cho %(to)s."),
        page="applications",
    ),
}
"""By kind. What `data` holds beyond these places is for programs."""


def tell(
    work: Work, people: Iterable[User], kind: str, subject: str, data: Mapping[str, Any], *, period: str = ""
) -> int:
    """Once for each person, subject and period; the number of people who did not know."""
    number = 0
    for user in people:
        row = {"kind": kind, "subject": subject, "data": dict(data), "user_id": user.id}
        row["period"] = f"{period}:{user.id}" if period else user.id
        if not _is_new(work, row):
            continue
        number += 1
        if user.confirmed_at is not None:
            words, places = WORDS[kind], _spoken(work, data, user.locale)
            mails.post(work, user.email, user.locale, words.title, words.text, **places)
    return number


def is_first(work: Work, kind: str, subject: str, data: Mapping[str, Any], *, period: str = "") -> bool:
    """Note that it happened, whether there are people to tell or not; False where that is known already."""
    return _is_new(work, {"kind": kind, "subject": subject, "data": dict(data), "period": period})


def _is_new(work: Work, row: Mapping[str, Any]) -> bool:
    notice = insert_into(work.session, Notice).values(**row, created=work.now)
    added = notice.on_conflict_do_nothing(index_elements=["kind", "subject", "period"])
    return work.session.execute(added.returning(Notice.id)).first() is not None


def owners(work: Work, application: Application) -> Sequence[User]:
    """Who answers for an application."""
    if application.owner_org_id:
        return admins(work, application.owner_org_id)
    user = work.session.get(User, application.owner_user_id)
    return [user] if user is not None and user.active else []


def admins(work: Work, organization_id: str) -> Sequence[User]:
    """Who answers for an organisation."""
    query = (
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == organization_id, Membership.role == "admin", User.active)
        .order_by(User.id)
        .limit(MOST_TOLD)
    )
    return work.session.scalars(query).all()


def operators(work: Work) -> Sequence[User]:
    """Who answers for the portal."""
    query = select(User).where(User.operator, User.active).order_by(User.id).limit(MOST_TOLD)
    return work.session.scalars(query).all()


def mine(work: Work, *, unread: bool = False, limit: int = KEPT) -> Sequence[Notice]:
    """The caller's own, newest first."""
    policy.require_self(work.caller)
    query = select(Notice).where(Notice.user_id == work.caller.user_id, Notice.kind.in_(list(WORDS)))
    if unread:
        query = query.where(Notice.read_at.is_(None))
    return work.session.scalars(query.order_by(Notice.id.desc()).limit(limit)).all()


def unread(work: Work) -> int:
    """How many the caller has not read; 0 for who has no notices."""
    if not work.caller.signed_in or work.caller.home is not None:
        return 0
    query = select(func.count()).where(
        Notice.user_id == work.caller.user_id, Notice.read_at.is_(None), Notice.kind.in_(list(WORDS))
    )
    return work.session.scalar(query) or 0


def mark_read(work: Work, *, up_to: int | None = None) -> int:
    """Those of the caller up to this one (all without); the number that was unread."""
    policy.require_self(work.caller)
    query = update(Notice).where(Notice.user_id == work.caller.user_id, Notice.read_at.is_(None))
    if up_to is not None:
        query = query.where(Notice.id <= up_to)
    return int(work.session.execute(query.values(read_at=work.now)).rowcount or 0)  # type: ignore[attr-defined]


def said(work: Work, notice: Notice, locale: str) -> tuple[str, str]:
    """Title and text of a notice in a language."""
    words, say = WORDS[notice.kind], translations(locale).gettext
    places = _spoken(work, notice.data, locale)
    return say(words.title) % places, say(words.text) % places


class _Places(dict[str, Any]):
    """What an old notice does not tell is left out."""

    def __missing__(self, key: str) -> str:
        return "…"


def _spoken(work: Work, data: Mapping[str, Any], locale: str) -> "_Places":
    """Data as it is said: titles in the language, times as days of the city."""
    zone = ZoneInfo(work.platform.settings.time_zone)
    places = _Places({name: _said(value, locale, zone) for name, value in data.items()})
    if reason := places.get("reason"):
        places["reason"] = translations(locale).gettext(reason)  # ours are message ids
    return places


def _said(value: Any, locale: str, zone: ZoneInfo) -> Any:
    if isinstance(value, Mapping):
        return pick(value, locale)
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        day = datetime.fromisoformat(value).astimezone(zone)
        return day.strftime("%d/%m/%Y %H:%M" if locale == "vi" else "%Y-%m-%d %H:%M")
    if isinstance(value, int) and not isinstance(value, bool):
        grouped = f"{value:,}"
        return grouped.replace(",", ".") if locale == "vi" else grouped
    return value
