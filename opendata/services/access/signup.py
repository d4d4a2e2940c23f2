"""Becoming a developer: one form, no approval, an application and its first key at once.

The answer is the same whether the address is known or not. An address belongs to whoever confirms it first:
until then any number of accounts may wait for it, and only the newest of them can be signed in to by it.
What is said about the address is said by mail alone (`accounts.welcome`).
"""

from dataclasses import dataclass

from opendata.base.kit.errors import N_, Invalid
from opendata.base.kit.ids import new_id
from opendata.base.kit.vietnamese import clean
from opendata.base.models import Application, User
from opendata.base.runtime import Work, jobs
from opendata.services.access import applications, audit, keys, people
from opendata.services.access.changes import next_version
from opendata.services.access.keys import NewKey

WELCOME = "account.welcome"
"""The job that writes to a new address."""


@dataclass(frozen=True, slots=True)
class Account:
    user: User
    application: Application
    first_key: NewKey


def sign_up(work: Work, email: str, name: str, password: str, *, locale: str = "vi") -> Account:
    """A new account with the application `default` and its first key. Raises `Invalid`.

    `work.caller` becomes the new person for the rest of the transaction.
    """
    _require_complete(email, name)
    user = User(
        id=new_id(),
        email=clean(email),
        email_key="",
        name=clean(name),
        locale=locale,
        epoch=0,
        version=next_version(work),
        created=work.now,
    )
    user.email_key = waiting_key(user)
    people.set_password(user, password)
    _take_address(work, user)
    work.session.add(user)
    work.session.flush()
    work.caller = people.caller_of(work, user)
    audit.record(work, "user.sign_up", "user", user.id)
    application = applications.create(work, applications.FIRST)
    first = keys.create(work, application, applications.FIRST, told=False)
    jobs.enqueue(work, WELCOME, {"user": user.id})
    return Account(user, application, first)


def waiting_key(user: User) -> str:
    """Stands in for the address of an account that does not own it."""
    return f"waiting:{user.id}"


def _take_address(work: Work, user: User) -> None:
    """From nobody, or from an account that has not confirmed it either."""
    holder = people.find(work, user.email)
    if holder is not None and holder.confirmed_at is None:
        holder.email_key = waiting_key(holder)
        work.session.flush()
        holder = None
    if holder is None:
        user.email_key = people.email_key(user.email)


def _require_complete(email: str, name: str) -> None:
    problems = {}
    if not people.is_address(email):
        problems["email"] = N_("Địa chỉ thư không hợp lệ.")
    if not 1 <= len(clean(name)) <= 200:
        problems["name"] = N_("Cần có tên.")
    if problems:
        raise Invalid(fields=problems)
