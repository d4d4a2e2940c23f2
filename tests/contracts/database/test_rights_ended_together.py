"""What ends rights and what gives them at the same moment, on each database: nothing outlives its end."""

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from opendata.assembly import assemble
from opendata.base.kit.errors import NotAllowed, NotFound, SignInRequired
from opendata.base.models import ApiKey, Application, Base, Organization, User
from opendata.base.runtime import SYSTEM, Platform, Work
from opendata.services.access import (
    applications,
    keys,
    people,
    second_factor,
    sessions,
    teams,
    tokens,
    transfers,
    webhooks,
)
from opendata.services.access.oauth import registration
from opendata.settings import Settings
from opendata.testing.meeting import while_it_is_open

PASSWORD, NEW = "mật khẩu trước đây", "mật khẩu từ nay về sau"


@pytest.fixture
def platform(database_url: str, tmp_path) -> Iterator[Platform]:
    settings = Settings(
        data_dir=str(tmp_path),
        mode="test",
        search_url="memory://",
        database_url=database_url,
        log_level="ERROR",
        keys_per_app=2,
        apps_per_user=2,
    )
    made = assemble(settings)
    Base.metadata.create_all(made.engine)
    with made.work(SYSTEM) as work:
        for name in "ab":
            people.create(work, f"{name}@b.example", name, PASSWORD)
    yield made
    made.close()


def person(work: Work, name: str = "a") -> User:
    """Whoever has this name; they act from here on."""
    found = people.get(work, f"{name}@b.example")
    work.caller = people.caller_of(work, found)
    return found


def application(work: Work) -> Application:
    person(work)
    return work.session.scalars(select(Application)).one()


def key(work: Work) -> ApiKey:
    """The first one."""
    return work.session.scalars(select(ApiKey).order_by(ApiKey.created)).all()[0]


@pytest.fixture
def owned(platform: Platform) -> Platform:
    """With an application and a key of it."""
    with platform.work(SYSTEM) as work:
        person(work)
        keys.create(work, applications.create(work, "A"), "k")
    return platform


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


def test_the_last_try_at_the_second_step_is_one(platform: Platform) -> None:
    with platform.work(SYSTEM) as work:
        pending = second_factor.begin(work, person(work))
    for _ in range(second_factor.TRIES - 1):
        with platform.work(SYSTEM) as work:
            second_factor.count_try(work, pending)

    def last(work: Work) -> str:
        return second_factor.count_try(work, pending)

    assert while_it_is_open(platform, last, last) is tokens.LinkEnded


def rotate(work: Work) -> None:
    keys.rotate(work, application(work), key(work))


def test_a_key_has_one_successor(owned: Platform) -> None:
    assert while_it_is_open(owned, rotate, rotate) is keys.KeyReplaced


def test_a_key_that_is_being_revoked_has_no_successor(owned: Platform) -> None:
    assert while_it_is_open(owned, lambda work: keys.end(work, key(work), "leak"), rotate) is keys.KeyRevoked


def make_key(work: Work) -> None:
    keys.create(work, application(work), "one more")


def test_the_last_place_for_a_key_is_given_once(owned: Platform) -> None:
    assert while_it_is_open(owned, make_key, make_key) is keys.TooManyKeys


def test_an_application_that_is_being_closed_gets_no_key(owned: Platform) -> None:
    answer = while_it_is_open(owned, lambda work: applications.close(work, application(work)), make_key)
    assert answer is applications.ApplicationClosed


def test_the_last_place_for_an_application_is_given_once(owned: Platform) -> None:
    def make(name: str) -> Callable[[Work], object]:
        return lambda work: applications.create(work, name) if person(work) else None

    assert while_it_is_open(owned, make("B"), make("C")) is applications.TooManyApplications


def test_the_last_place_for_an_endpoint_is_given_once(
    owned: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_ENDPOINTS", 1)

    def add(work: Work) -> None:
        webhooks.add(work, application(work), "https://a.example/hook")

    assert while_it_is_open(owned, add, add) is webhooks.TooManyEndpoints


def take(work: Work) -> None:
    """The other one takes what was offered."""
    found = application(work).id
    person(work, "b")
    transfers.accept(work, found)


def offer(work: Work) -> None:
    transfers.offer(work, application(work), email="b@b.example")


def take_back(work: Work) -> None:
    transfers.end(work, application(work).id)


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        (take, take_back, NotFound),
        (take_back, take, NotFound),
        (take, offer, NotAllowed),
        (take, make_key, NotAllowed),
    ],
    ids=["take, take back", "take back, take", "take, offer again", "take, make a key"],
)
def test_what_is_being_handed_over_is_one_persons(
    owned: Platform, first: Callable[[Work], None], second: Callable[[Work], None], refused: type[Exception]
) -> None:
    with owned.work(SYSTEM) as work:
        offer(work)
    assert while_it_is_open(owned, first, second) is refused


def test_the_last_place_for_a_client_that_registers_itself_is_given_once(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "MOST_CLIENTS", 1)
    with platform.work(SYSTEM) as work:
        person(work)
        team = teams.create(work, "Nhóm").id
    with platform.work(SYSTEM) as work:
        person(work)
        two = [registration.invite(work, work.session.get_one(Organization, team)) for _ in range(2)]
    answers: list[int] = []

    def register(token: str) -> None:
        told = {"redirect_uris": ["https://a.example/cb"]}
        answers.append(registration.register(platform, token, told).status)

    other = threading.Thread(target=register, args=(two[1],))
    count = registration._require_room

    def counted(work: Work, organization: Organization) -> None:
        count(work, organization)
        if threading.current_thread() is not other:  # the first one has seen that there is room
            other.start()
            other.join(0.5)

    monkeypatch.setattr(registration, "_require_room", counted)
    register(two[0])
    other.join(30)
    assert sorted(answers) == [201, 400]
