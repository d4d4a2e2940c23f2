"""A second factor at sign-in: one-time passwords by time (RFC 6238), and codes for the day the phone is lost.

The secret is sealed under a pepper; a code works once, also when two try it at the same moment. Digests of
spare codes hang on the secret: they outlive the pepper, as nobody could compute them anew.
"""

import hmac
import secrets as randomness
from collections.abc import Sequence
from datetime import timedelta

import pyotp
from sqlalchemy import delete, func, select, update

from opendata.base.kit.errors import N_, Conflict, Invalid, NotFound, OpenDataError
from opendata.base.kit.secrets import Peppers, Unsealable
from opendata.base.models import User, UserToken
from opendata.base.runtime import Work
from opendata.services.access import audit, people, policy, tokens

STEP = 30
"""Seconds a code is shown."""
DRIFT = 1
"""Steps a clock may be off either way."""
PENDING, SPARE = "second", "spare"
RECOVERY = "recovery"
"""Spare codes of before: their digests hang on the pepper of their day."""
PENDING_LIFE = timedelta(minutes=5)
RECOVERY_LIFE = timedelta(days=3650)
TRIES = 5
CODES = 8


class WrongCode(OpenDataError):
    code = "wrong_code"
    status = 401
    message = N_("Mã không đúng hoặc đã dùng.")


class AlreadyOn(Conflict):
    code = "second_factor_on"
    message = N_("Xác thực hai bước đang bật.")


class NotOn(NotFound):
    code = "second_factor_off"
    message = N_("Xác thực hai bước chưa bật.")


class Unreadable(OpenDataError):
    code = "second_factor_unreadable"
    status = 503
    message = N_("Cổng không đọc được xác thực hai bước của tài khoản này. Hãy báo cho người vận hành.")


def offer(work: Work, user: User) -> tuple[str, str]:
    """(secret for the person's device, the same sealed for the form). Nothing is on yet."""
    if user.totp_secret is not None:
        raise AlreadyOn
    secret = pyotp.random_base32(32)
    return secret, _seal(work, user, secret)


def opened(work: Work, user: User, sealed: str) -> str:
    """The secret of an offer. Raises `Invalid` for one that was not made for this person."""
    try:
        return work.part(Peppers).unseal(sealed, sealed_for(user.id))
    except ValueError as error:
        raise Invalid(fields={"code": N_("Hãy bắt đầu lại.")}) from error


def address(user: User, secret: str, issuer: str) -> str:
    """What the square code says to the device."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=issuer)


def turn_on(work: Work, user: User, sealed: str, code: str) -> Sequence[str]:
    """On, once the device has shown a right code; gives the codes for a lost phone, shown this once.

    Raises `WrongCode`, `AlreadyOn`, `Invalid`.
    """
    if user.totp_secret is not None:
        raise AlreadyOn
    secret = opened(work, user, sealed)
    step = _step_of(work, secret, code)
    user.totp_secret, user.totp_last = _seal(work, user, secret), step
    people.end_sessions(work, user)
    audit.record(work, "user.second_factor_on", "user", user.id)
    return _draw_codes(work, user, secret)


def codes_left(work: Work, user: User) -> int:
    """Codes for a lost phone that were not used yet."""
    query = select(func.count()).where(
        UserToken.user_id == user.id,
        UserToken.purpose.in_((SPARE, RECOVERY)),
        UserToken.used_at.is_(None),
    )
    return work.session.scalar(query) or 0


def turn_off(work: Work, user: User, code: str) -> None:
    """Raises `NotOn`, `WrongCode`, `Unreadable`."""
    if user.totp_secret is None:
        raise NotOn
    check(work, user, code)
    user.totp_secret = None
    people.end_sessions(work, user)
    _forget_codes(work, user)
    audit.record(work, "user.second_factor_off", "user", user.id)


def remove(work: Work, user: User, *, reason: str) -> None:
    """For somebody whose identity an operator made sure of by other means, and says by which."""
    policy.operate(work.caller, reason)
    forget(work, user, by="operator", reason=reason[:500])


def forget(work: Work, user: User, *, by: str, reason: str = "") -> None:
    """The same without asking who."""
    user.totp_secret = None
    people.end_sessions(work, user)
    _forget_codes(work, user)
    why = {"reason": reason} if reason else {}
    audit.record(work, "user.second_factor_off", "user", user.id, {"by": by, **why})


def check(work: Work, user: User, code: str) -> None:
    """A code of the device or one of the spare codes, used up by this. Raises `WrongCode`, and `Unreadable`
    where the key of the secret is gone."""
    if user.totp_secret is None:
        raise WrongCode
    text = "".join(code.split()).replace("-", "").upper()
    try:
        secret = work.part(Peppers).unseal(user.totp_secret, sealed_for(user.id))
    except Unsealable as error:
        raise Unreadable from error
    if not (_spare(work, user, secret, text) or _timed(work, user, secret, text)):
        raise WrongCode


def begin(work: Work, user: User) -> str:
    """After the right password: what the second page brings back."""
    return tokens.direct(work, PENDING, life=PENDING_LIFE, user_id=user.id, data={"tries": 0})


def count_try(work: Work, pending: str) -> str:
    """The id of the person who stands at the second step; each call is a try and is kept.

    To be committed before the code is judged. Raises `LinkEnded` after five.
    """
    token = tokens.peek(work, PENDING, pending, lock=True)
    if token.data["tries"] >= TRIES:
        raise tokens.LinkEnded
    token.data = {"tries": token.data["tries"] + 1}
    return token.user_id or ""


def finish(work: Work, user: User, pending: str, code: str) -> None:
    """Raises `WrongCode`, `LinkEnded`, `Unreadable`."""
    check(work, user, code)
    tokens.take(work, PENDING, pending)


def sealed_for(user_id: str) -> str:
    """The purpose a person's secret is sealed for."""
    return f"totp {user_id}"


def _seal(work: Work, user: User, secret: str) -> str:
    return work.part(Peppers).seal(secret, sealed_for(user.id))


def _timed(work: Work, user: User, secret: str, code: str) -> bool:
    try:
        step = _step_of(work, secret, code)
    except WrongCode:
        return False
    used = work.session.execute(
        update(User).where(User.id == user.id, User.totp_last < step).values(totp_last=step)
    )
    return bool(used.rowcount == 1)  # type: ignore[attr-defined]


def _step_of(work: Work, secret: str, code: str) -> int:
    """The time step whose code this is. Raises `WrongCode`."""
    device, now = pyotp.TOTP(secret), int(work.now.timestamp()) // STEP
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(device.generate_otp(step).encode(), code.strip().encode()):
            return step
    raise WrongCode(fields={"code": WrongCode.message})


def _draw_codes(work: Work, user: User, secret: str) -> Sequence[str]:
    _forget_codes(work, user)
    codes = [randomness.token_hex(6).upper() for _ in range(CODES)]
    for code in codes:
        work.session.add(
            UserToken(
                digest=_spare_digest(user, secret, code),
                purpose=SPARE,
                user_id=user.id,
                data={},
                created=work.now,
                expires=work.now + RECOVERY_LIFE,
            )
        )
    work.session.flush()
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def _forget_codes(work: Work, user: User) -> None:
    codes = UserToken.purpose.in_((SPARE, RECOVERY))
    work.session.execute(delete(UserToken).where(UserToken.user_id == user.id, codes))


def _spare(work: Work, user: User, secret: str, code: str) -> bool:
    if len(code) != 12:
        return False
    peppers = work.part(Peppers)
    of_before = [peppers.derive(f"spare code {user.id}", code, kid) for kid in peppers.keys]
    used = work.session.execute(
        update(UserToken)
        .where(UserToken.digest.in_([_spare_digest(user, secret, code), *of_before]))
        .where(UserToken.purpose.in_((SPARE, RECOVERY)))
        .where(UserToken.used_at.is_(None))
        .values(used_at=work.now)
    )
    return bool(used.rowcount == 1)  # type: ignore[attr-defined]


def _spare_digest(user: User, secret: str, code: str) -> bytes:
    """Keyed by what is sealed: spare codes are short enough to be guessed from a plain digest."""
    return hmac.digest(secret.encode(), f"spare code {user.id}\0{code}".encode(), "sha256")
