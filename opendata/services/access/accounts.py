"""What happens to an account after its first day: the address is confirmed, the password forgotten, the
account blocked."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from opendata.base.kit.errors import N_, Conflict, Invalid
from opendata.base.kit.vietnamese import clean
from opendata.base.models import Application, User
from opendata.base.runtime import SYSTEM, Platform, Work, jobs
from opendata.services.access import audit, former_owner, mails, people, policy, second_factor, signup, tokens
from opendata.services.access.changes import next_version

CONFIRM, RESET = "confirm", "reset"
CONFIRM_LIFE = timedelta(days=7)
RESET_LIFE = timedelta(hours=1)
ASK_RESET = "account.reset"
"""The job that writes to somebody who forgot a password, if there is an account."""

CONFIRM_SUBJECT = N_("Xác nhận địa chỉ email của bạn tại %(portal)s")
CONFIRM_BODY = N_(
    "Chào %(name)s,\n\nBạn vừa đăng ký tài khoản nhà phát triển. Mở liên kết sau để xác nhận địa chỉ này;"
    " liên kết dùng được trong bảy ngày:\n\n%(link)s\n\nNếu không phải bạn đăng ký, hãy bỏ qua thư này."
)
KNOWN_SUBJECT = N_("Bạn đã có tài khoản tại %(portal)s")
KNOWN_BODY = N_(
    "Chào %(name)s,\n\nCó người vừa đăng ký bằng địa chỉ này, nhưng bạn đã có tài khoản. Hãy đăng nhập, hoặc"
    " đặt lại mật khẩu nếu đã quên. Nếu không phải bạn đăng ký, bạn không cần làm gì."
)
RESET_SUBJECT = N_("Đặt lại mật khẩu tại %(portal)s")
RESET_BODY = N_(
    "Chào %(name)s,\n\nMở liên kết sau để đặt mật khẩu mới; liên kết dùng được trong một giờ:\n\n%(link)s\n\n"
    "Nếu không phải bạn yêu cầu, hãy bỏ qua thư này: mật khẩu vẫn như cũ."
)
CHANGED_SUBJECT = N_("Mật khẩu của bạn tại %(portal)s đã được đổi")
CHANGED_BODY = N_(
    "Chào %(name)s,\n\nMật khẩu của tài khoản này vừa được đặt lại và mọi phiên đăng nhập đã kết thúc. Nếu"
    " không phải bạn làm việc này, hãy liên hệ với chúng tôi."
)


class AddressTaken(Conflict):
    code = "email_taken"
    message = N_("Địa chỉ thư này đã có tài khoản.")


def welcome(platform: Platform, arguments: Mapping[str, Any]) -> None:
    """Write to a new address: how to confirm it, or that it has an account already."""
    with platform.work(SYSTEM) as work:
        user = work.session.get(User, arguments["user"])
        if user is None or user.confirmed_at is not None:
            return
        holder = people.find(work, user.email)
        if holder is not None and holder.confirmed_at is not None:
            mails.post(work, holder.email, holder.locale, KNOWN_SUBJECT, KNOWN_BODY, name=holder.name)
            return
        seed = tokens.mailed(work, CONFIRM, life=CONFIRM_LIFE, user_id=user.id)
        place = mails.link("/confirm", seed, user.locale)
        mails.post(work, user.email, user.locale, CONFIRM_SUBJECT, CONFIRM_BODY, name=user.name, link=place)


def ask_again(work: Work, user: User) -> None:
    """Send the mail once more."""
    jobs.enqueue(work, signup.WELCOME, {"user": user.id})


def confirm(work: Work, token: str) -> User:
    """The account whose mailbox this token came to owns its address from now on. Raises `LinkEnded`."""
    user = people.by_id(work, tokens.take(work, CONFIRM, token).user_id or "")
    own(work, user)
    audit.record(work, "user.confirm", "user", user.id)
    return user


def own(work: Work, user: User) -> None:
    """Somebody has shown that the mailbox is theirs. Raises `AddressTaken` if somebody else had before."""
    holder = people.find(work, user.email)
    if holder is not None and holder.id != user.id:
        if holder.confirmed_at is not None:
            raise AddressTaken
        holder.email_key = signup.waiting_key(holder)
        work.session.flush()
    user.email_key = people.email_key(user.email)
    user.confirmed_at = user.confirmed_at or work.now
    user.version = next_version(work)
    work.session.flush()


def ask_reset(work: Work, email: str) -> None:
    """The same for every address: a job looks whether there is an account."""
    jobs.enqueue(work, ASK_RESET, {"email": clean(email)[:320]})


def write_reset(platform: Platform, arguments: Mapping[str, Any]) -> None:
    with platform.work(SYSTEM) as work:
        user = people.find(work, arguments["email"])
        if user is None or not user.active:
            return
        seed = tokens.mailed(work, RESET, life=RESET_LIFE, user_id=user.id)
        place = mails.link("/reset", seed, user.locale)
        mails.post(work, user.email, user.locale, RESET_SUBJECT, RESET_BODY, name=user.name, link=place)


def reset(work: Work, token: str, password: str) -> User:
    """A new password by a mailed token. Every session ends, and all that applications were given.

    Where the address was not confirmed before, somebody else may have made the account: what it was given
    until then ends too, and its second step, which would lock the owner out. Raises `LinkEnded`, `Invalid`.
    """
    user = people.by_id(work, tokens.take(work, RESET, token).user_id or "")
    people.hold(work, user)
    if user.confirmed_at is None:
        _shut_out_whoever_made_it(work, user)
        own(work, user)
    people.replace_password(work, user, password, noted="user.reset")
    mails.post(work, user.email, user.locale, CHANGED_SUBJECT, CHANGED_BODY, name=user.name)
    return user


def _shut_out_whoever_made_it(work: Work, user: User) -> None:
    held = select(Application).where(Application.owner_user_id == user.id).order_by(Application.id)
    for application in work.session.scalars(held).all():
        former_owner.shut_out(work, application, "made before the address was confirmed")
    if user.totp_secret is not None:
        second_factor.forget(work, user, by="reset")


def block(work: Work, user: User, *, reason: str) -> None:
    """Sessions end and keys are refused within a second. Operators only; the last of them stays."""
    policy.operate(work.caller, reason)
    if user.id == work.caller.user_id:
        raise Invalid(fields={"email": N_("Không ai tự khóa tài khoản của mình.")})
    user.active, user.blocked_reason = False, clean(reason)[:500]
    people.end_sessions(work, user)
    user.version = next_version(work)
    audit.record(work, "user.block", "user", user.id, {"reason": reason[:200]})


def unblock(work: Work, user: User, *, reason: str) -> None:
    """Operators only, who say why."""
    policy.operate(work.caller, reason)
    user.active, user.blocked_reason = True, None
    user.version = next_version(work)
    audit.record(work, "user.unblock", "user", user.id, {"reason": reason[:200]})
