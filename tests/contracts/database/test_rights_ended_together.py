"""What ends rights and what gives them at the same moment, on each database: nothing outlives its end."""

import threading
from collections.abc import Callable, Iterator

import pytest

from opendata.assembly import assemble
from opendata.base.kit.errors import OpenDataError, SignInRequired
from opendata.base.models import Base, User
from opendata.base.runtime import SYSTEM, Platform, Work
from opendata.services.access import people, sessions
from opendata.settings import Settings

PASSWORD, NEW = "mật khẩu trước đây", "mật khẩu từ nay về sau"


@pytest.fixture
def platform(database_url: str, tmp_path) -> Iterator[Platform]:
    settings = Settings(
        data_dir=str(tmp_path),
        mode="test",
        search_url="memory://",
        database_url=database_url,
        log_level="ERROR",
    )
    made = assemble(settings)
    Base.metadata.create_all(made.engine)
    with made.work(SYSTEM) as work:
        people.create(work, "a@b.example", "A", PASSWORD)
    yield made
    made.close()


def person(work: Work) -> User:
    return people.get(work, "a@b.example")


def while_it_is_open(
    platform: Platform, first: Callable[[Work], object], second: Callable[[Work], object]
) -> object:
    """What `second` answers, or raises, that comes while the transaction of `first` is open."""
    answers: list[object] = []

    def run() -> None:
        try:
            with platform.work(SYSTEM) as work:
                answers.append(second(work))
        except OpenDataError as error:
            answers.append(type(error))

    thread = threading.Thread(target=run)
    with platform.work(SYSTEM) as work:
        first(work)
        work.session.flush()
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "it waits for the first"
    thread.join(30)
    return answers[0]


def test_a_new_password_ends_the_session_that_is_being_opened(platform: Platform) -> None:
    opened: list[sessions.OpenSession] = []

    def thief(work: Work) -> None:
        opened.append(sessions.end_others(work, person(work), hours=1))

    while_it_is_open(platform, thief, lambda work: people.replace_password(work, person(work), NEW))
    with platform.read() as work:
        assert sessions.resume(work, opened[0].token) is None


def test_a_session_that_is_being_ended_is_exchanged_for_no_other(platform: Platform) -> None:
    with platform.work(SYSTEM) as work:
        token = sessions.start(work, person(work), hours=1).token
        assert sessions.holder(work, token).email == "a@b.example"
    answer = while_it_is_open(
        platform,
        lambda work: people.replace_password(work, person(work), NEW),
        lambda work: sessions.holder(work, token),
    )
    assert answer is SignInRequired


def test_a_password_that_is_being_replaced_sets_no_other(platform: Platform) -> None:
    answer = while_it_is_open(
        platform,
        lambda work: people.replace_password(work, person(work), NEW),
        lambda work: people.change_password(work, person(work), PASSWORD, "mật khẩu của người khác"),
    )
    assert answer is people.BadCredentials
    with platform.read() as work:
        assert people.authenticate(work, "a@b.example", NEW)
