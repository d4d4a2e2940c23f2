"""People, passwords and roles."""

import re
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import func, select, update

from opendata.base.kit.errors import N_, Conflict, Invalid, NotFound, OpenDataError
from opendata.base.kit.vietnamese import clean
from opendata.base.models import Membership, Organization, User
from opendata.base.runtime import Caller, Work
from opendata.services.access import audit
from opendata.services.access.oauth import families
from opendata.services.access.policy import Action, require

MIN_PASSWORD = 12
DEPARTMENT = "department"


class EmailTaken(Conflict):
    code = "email_taken"
    message = N_("Địa chỉ thư này đã có tài khoản.")


class BadCredentials(OpenDataError):
    code = "bad_credentials"
    status = 401
    message = N_("Địa chỉ thư hoặc mật khẩu không đúng.")


_ADDRESS = re.compile(r"[^@\s,;<>\"\x00-\x1f\x7f]{1,64}@[^@\s,;<>\"\x00-\x1f\x7f]{1,255}")


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _decoy() -> str:
    """Verified when the account does not exist, so that both answers cost the same."""
    return _hasher().hash("no account has this password")


def is_address(email: str) -> bool:
    """Whether a mail server could be asked to deliver to it: one @, something on both sides, no blanks."""
    return len(email) <= 320 and _ADDRESS.fullmatch(email.strip()) is not None


def email_key(email: str) -> str:
    return clean(email).casefold()


def create(work: Work, email: str, name: str, password: str, *, operator: bool = False) -> User:
    """A new account. Raises `EmailTaken`, `Invalid`; only operators may call it."""
    require(work.caller, Action.PLATFORM)
    if not is_address(email):
        raise Invalid(fields={"email": N_("Địa chỉ thư không hợp lệ.")})
    if find(work, email) is not None:
        raise EmailTaken
    user = User(
        email=clean(email),
        email_key=email_key(email),
        name=clean(name),
        operator=operator,
        created=work.now,
        confirmed_at=work.now,
        epoch=0,
    )
    set_password(user, password)
    work.session.add(user)
    work.session.flush()
    audit.record(work, "user.create", "user", user.id, {"operator": operator})
    return user


def set_password(user: User, password: str) -> None:
    """Raises `Invalid` for a password under 12 characters. What a new one ends is for `replace_password`."""
    if not MIN_PASSWORD <= len(password) <= 1000:
        raise Invalid(fields={"password": N_("Mật khẩu cần ít nhất 12 ký tự.")})
    user.password_hash = _hasher().hash(password)


def end_sessions(work: Work, user: User) -> None:
    """Every session of the account ends. Raised where it stands: of two that end them at once, each ends
    what the other has just opened."""
    user.epoch = User.epoch + 1
    work.session.flush()
    work.session.refresh(user, ["epoch"])


def replace_password(work: Work, user: User, password: str, *, noted: str = "user.password") -> None:
    """Ends every session of the account, and what applications were given. Raises `Invalid`."""
    set_password(user, password)
    end_sessions(work, user)
    families.end_of_person(work, user.id)
    audit.record(work, noted, "user", user.id)


def change_password(work: Work, user: User, current: str, password: str) -> None:
    """Set a new password after the present one is given. Raises `BadCredentials`, `Invalid`.

    The row is locked before it is compared: a password that is being replaced opens nothing any more.
    """
    hold(work, user)
    _require_password(user, current)
    replace_password(work, user, password)


def hold(work: Work, user: User) -> None:
    """The account as it stands now, and so until this transaction ends: others who change it wait."""
    work.session.refresh(user, with_for_update={"key_share": True})


def by_id(work: Work, user_id: str) -> User:
    user = work.session.get(User, user_id)
    if user is None:
        raise NotFound
    return user


def find(work: Work, email: str) -> User | None:
    return work.session.scalar(select(User).where(User.email_key == email_key(email)))


def get(work: Work, email: str) -> User:
    user = find(work, email)
    if user is None:
        raise NotFound
    return user


def authenticate(work: Work, email: str, password: str) -> User:
    """The account with this password. Raises `BadCredentials`, equally slow in every case."""
    user = find(work, email)
    _require_password(user, password)
    assert user is not None  # noqa: S101  # the line above refuses nobody's account
    _harden(work, user, password)
    return user


def _require_password(user: User | None, password: str) -> None:
    stored = user.password_hash if user and user.active else None
    try:
        _hasher().verify(stored or _decoy(), password[:1000])
    except (VerifyMismatchError, InvalidHashError) as error:
        raise BadCredentials from error
    if stored is None:
        raise BadCredentials


def _harden(work: Work, user: User, password: str) -> None:
    """A hash by figures of before is made anew while the password is there; not over one that was set at
    the same moment."""
    stored = user.password_hash or ""
    if _hasher().check_needs_rehash(stored):
        anew = _hasher().hash(password[:1000])
        unchanged = update(User).where(User.id == user.id, User.password_hash == stored)
        work.session.execute(unchanged.values(password_hash=anew))


def caller_of(work: Work, user: User) -> Caller:
    """The caller this account acts as, with the roles held now."""
    rows = work.session.execute(
        select(Membership.organization_id, Membership.role, Organization.kind)
        .join(Organization, Organization.id == Membership.organization_id)
        .where(Membership.user_id == user.id)
    ).all()
    return Caller(
        kind="user",
        user_id=user.id,
        name=user.name,
        operator=user.operator,
        roles={row.organization_id: row.role for row in rows if row.kind == DEPARTMENT},
        teams={row.organization_id: row.role for row in rows if row.kind != DEPARTMENT},
        locale=user.locale,
    )


def listing(work: Work, *, limit: int = 100, offset: int = 0) -> tuple[list[User], int]:
    """Accounts by address, for operators."""
    require(work.caller, Action.PLATFORM)
    total = work.session.scalar(select(func.count()).select_from(User)) or 0
    query = select(User).order_by(User.email_key, User.id).limit(limit).offset(offset)
    return list(work.session.scalars(query)), total
