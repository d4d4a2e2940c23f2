"""Applications of developers: who owns them, what their keys may do at most, how they end."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from opendata.base.kit import base62
from opendata.base.kit.errors import N_, Conflict, Invalid, NotAllowed, NotFound, SignInRequired
from opendata.base.kit.secrets import redact
from opendata.base.kit.vietnamese import clean, sort_key
from opendata.base.models import ApiKey, Application, Organization, User
from opendata.base.runtime import Caller, Work
from opendata.services.access import audit, notices, policy, scopes
from opendata.services.access.changes import next_version
from opendata.services.access.policy import Action, InsufficientScope

FIRST = "default"
"""The application that sign-up makes."""
ENVIRONMENTS = ("live", "test")
EDITABLE = {"name": 100, "purpose": 1000, "contact_email": 320, "homepage": 2000}
"""What may be changed, with the most characters."""


class NameTaken(Conflict):
    code = "name_taken"
    message = N_("Đã có ứng dụng mang tên này.")


class TooManyApplications(Conflict):
    code = "too_many_applications"
    message = N_("Đã đủ số ứng dụng cho phép (%(most)s).")


class ConfirmFirst(NotAllowed):
    code = "email_not_confirmed"
    message = N_("Vui lòng xác nhận địa chỉ email trước. Đến khi đó: một ứng dụng, hai khóa, bảy ngày.")


class ApplicationClosed(Conflict):
    code = "app_closed"
    message = N_("Ứng dụng này đã đóng.")


def create(
    work: Work,
    name: str,
    *,
    organization: Organization | None = None,
    env: str = "live",
    wanted: Sequence[str] = scopes.OPEN,
    **details: Any,
) -> Application:
    """A new application of the caller or of an organisation. `wanted` bounds the scopes of its keys.

    Raises `Invalid`, `NameTaken`, `TooManyApplications`, `ConfirmFirst`, `InsufficientScope`.
    """
    user = _person(work, organization)
    if organization is not None:
        policy.require(work.caller, Action.APPLICATION_EDIT, organization.id)
    _require_room(work, user, organization)
    owner = organization.id if organization else None
    application = Application(
        id=f"app_{base62.draw(22)}",
        version=next_version(work),
        owner_user_id=None if owner else user.id,
        owner_org_id=owner,
        env=env,
        status="active",
        scopes=_bound(work, wanted, env, owner),
        created=work.now,
    )
    _describe(work, application, {"name": name, **details})
    if env not in ENVIRONMENTS:
        raise Invalid(fields={"env": N_("Chỉ có live hoặc test.")})
    work.session.add(application)
    work.session.flush()
    audit.record(work, "application.create", "application", application.id, {"env": env})
    return application


def get(work: Work, application_id: str) -> Application:
    """An application the caller may see. Raises `SignInRequired` for a visitor, `NotFound` for an
    application of others as for one that is not there."""
    if not work.caller.signed_in and not work.caller.operator:
        raise SignInRequired
    application = work.session.get(Application, application_id)
    if application is None or not _sees(work, application):
        raise NotFound
    return application


def opened(work: Work, application_id: str) -> Application:
    """The same, once it is clear that the caller may change it. Raises `NotFound`, `NotAllowed`."""
    application = get(work, application_id)
    require_edit(work, application)
    return application


def hold(work: Work, application: Application) -> Application:
    """The application as it stands now, and so until this transaction ends: whose it is, whether it is open
    and how much it has stay true while something is added to it."""
    work.session.flush()
    return work.session.get_one(
        Application, application.id, with_for_update={"key_share": True}, populate_existing=True
    )


def require_edit(work: Work, application: Application) -> None:
    """Raises `NotAllowed` unless the caller answers for the application."""
    caller = work.caller
    if not caller.has_scope(policy.scope_of(Action.APPLICATION_EDIT)):
        raise InsufficientScope(scope=policy.scope_of(Action.APPLICATION_EDIT))
    if application.owner_org_id:
        policy.require(caller, Action.APPLICATION_EDIT, application.owner_org_id)
    elif not _owns(caller, application):
        raise NotAllowed


def require_stop(work: Work, application: Application, reason: str) -> None:
    """Who may end it: the one who answers for it, and operators, who have to say why."""
    if may_edit(work, application) and not _foreign(work, application):
        return
    policy.operate(work.caller, reason)


def _foreign(work: Work, application: Application) -> bool:
    caller = work.caller
    if application.owner_org_id:
        return application.owner_org_id not in {*caller.roles, *caller.teams}
    return not _owns(caller, application)


def may_edit(work: Work, application: Application) -> bool:
    try:
        require_edit(work, application)
    except NotAllowed:
        return False
    return True


def _sees(work: Work, application: Application) -> bool:
    caller = work.caller
    if application.owner_org_id:
        return policy.allows(caller, Action.APPLICATION_VIEW, application.owner_org_id)
    return caller.has_scope(policy.scope_of(Action.APPLICATION_VIEW)) and (
        caller.operator or _owns(caller, application)
    )


def _owns(caller: Caller, application: Application) -> bool:
    """Whether it is the caller's own. Whoever speaks for an organisation has none."""
    return caller.user_id is not None and caller.home is None and caller.user_id == application.owner_user_id


def listing(work: Work, *, limit: int = 500) -> Sequence[Application]:
    """The caller's applications and those of the caller's organisations, by name; closed ones last."""
    caller = work.caller
    policy.require_person(caller)
    own: ColumnElement[bool] = Application.owner_org_id.in_([*caller.roles, *caller.teams])
    if caller.home is None:
        own = or_(own, Application.owner_user_id == caller.user_id)
    query = select(Application).where(own).order_by(Application.id).limit(limit)
    return sorted(
        work.session.scalars(query), key=lambda one: (one.status == "closed", sort_key(one.name), one.id)
    )


def edit(work: Work, application: Application, changes: Mapping[str, Any]) -> None:
    """Change name, purpose, contact, homepage or `scopes`. Narrowing the scopes narrows its keys at once."""
    require_edit(work, application)
    _require_open(application)
    values = dict(changes)
    if "scopes" in values:
        added = [scope for scope in values["scopes"] if scope not in application.scopes]
        scopes.require_held(work.caller, scopes.cleaned(added), application.owner_org_id)
        application.scopes = _allowed_in(scopes.cleaned(values.pop("scopes")), application.env)
    _describe(work, application, values)
    application.version = next_version(work)
    audit.record(work, "application.edit", "application", application.id, {"fields": sorted(changes)})


def close(work: Work, application: Application, *, reason: str = "") -> None:
    """For good: its keys are revoked with it."""
    require_stop(work, application, reason)
    _require_open(application)
    application.status = "closed"
    application.status_reason = redact(clean(reason))[:1000] or None
    application.version = version = next_version(work)
    for key in work.session.scalars(
        select(ApiKey).where(ApiKey.application_id == application.id, ApiKey.revoked_at.is_(None))
    ):
        key.revoked_at, key.revoked_reason, key.version = work.now, "application closed", version
    audit.record(work, "application.close", "application", application.id, {"reason": reason[:500]})


def suspend(work: Work, application: Application, *, reason: str) -> None:
    """Operators stop an application; its keys are refused until it is resumed. A reason is required."""
    policy.operate(work.caller, reason)
    _require_open(application)
    application.status, application.status_reason = "suspended", redact(clean(reason))[:1000]
    application.version = next_version(work)
    audit.record(work, "application.suspend", "application", application.id, {"reason": reason[:500]})
    told = {
        "application": application.id,
        "application_name": application.name,
        "reason": application.status_reason[:500],
    }
    people, when = notices.owners(work, application), work.now.isoformat(timespec="seconds")
    notices.tell(work, people, "application.suspended", f"app:{application.id}", told, period=when)


def resume(work: Work, application: Application, *, reason: str) -> None:
    """Its keys are good again. Operators only, who say why."""
    policy.operate(work.caller, reason)
    _require_open(application)
    application.status, application.status_reason = "active", None
    application.version = next_version(work)
    audit.record(work, "application.resume", "application", application.id, {"reason": reason[:500]})


def owner_of(application: Application) -> str:
    """What limits and quotas hang on, whatever the number of applications and keys."""
    if application.owner_org_id:
        return f"org:{application.owner_org_id}"
    return f"user:{application.owner_user_id}"


def _person(work: Work, organization: Organization | None) -> User:
    if organization is None:
        policy.require_self(work.caller)
    policy.require_person(work.caller)
    return work.session.get_one(User, work.caller.user_id)


def require_room(work: Work, organization: Organization | None) -> None:
    """Raises `TooManyApplications` or `ConfirmFirst` where the caller or the organisation may own no more."""
    _require_room(work, _person(work, organization), organization)


def _require_room(work: Work, user: User, organization: Organization | None) -> None:
    """The owner is held, so that two at once do not both take the last place, or one name."""
    settings = work.platform.settings
    if organization is not None:
        owner = Application.owner_org_id == organization.id
        row = select(Organization.id).where(Organization.id == organization.id)
    else:
        owner = Application.owner_user_id == user.id
        row = select(User.id).where(User.id == user.id)
    work.session.execute(row.with_for_update(key_share=True))
    held = work.session.scalar(select(func.count()).where(owner, Application.status != "closed")) or 0
    if user.confirmed_at is None and (organization is not None or held >= 1):
        raise ConfirmFirst
    most = settings.apps_per_organization if organization else settings.apps_per_user
    if held >= most:
        raise TooManyApplications(most=most)


def _bound(work: Work, wanted: Sequence[str], env: str, organization_id: str | None) -> list[str]:
    asked = _allowed_in(scopes.cleaned(wanted), env)
    scopes.require_held(work.caller, asked, organization_id)
    return asked


def _allowed_in(wanted: list[str], env: str) -> list[str]:
    """A test application only reads."""
    if env == "test" and not set(wanted) <= set(scopes.OPEN):
        raise Invalid(fields={"scopes": N_("Ứng dụng thử nghiệm chỉ được đọc.")})
    return wanted


def _describe(work: Work, application: Application, values: Mapping[str, Any]) -> None:
    problems: dict[str, str] = {}
    for field, value in values.items():
        if field not in EDITABLE:
            problems[field] = N_("Không có trường này.")
            continue
        text = clean(value or "")
        if len(text) > EDITABLE[field]:
            problems[field] = N_("Độ dài không nằm trong giới hạn cho phép.")
        setattr(application, field, text or None)
    if not application.name:
        problems["name"] = N_("Cần có tên.")
    if application.homepage and not application.homepage.startswith(("https://", "http://")):
        problems["homepage"] = N_("Địa chỉ phải bắt đầu bằng http:// hoặc https://.")
    if application.contact_email and "@" not in application.contact_email:
        problems["contact_email"] = N_("Địa chỉ thư không hợp lệ.")
    if problems:
        raise Invalid(fields=problems)
    require_free_name(work, application)


def require_free_name(work: Work, application: Application) -> None:
    """Raises `NameTaken` where its owner has another one of this name."""
    with work.session.no_autoflush:
        taken = work.session.scalar(
            select(Application.id).where(
                Application.name == application.name,
                Application.status != "closed",
                Application.id != application.id,
                Application.owner_user_id.is_(application.owner_user_id)
                if application.owner_user_id is None
                else Application.owner_user_id == application.owner_user_id,
                Application.owner_org_id.is_(None)
                if application.owner_org_id is None
                else Application.owner_org_id == application.owner_org_id,
            )
        )
    if taken is not None:
        raise NameTaken(fields={"name": NameTaken.message})


def _require_open(application: Application) -> None:
    if application.status == "closed":
        raise ApplicationClosed
