"""Who commits is told so, whatever becomes of the effects; what he does not apply is left for the worker."""

from sqlalchemy.exc import OperationalError

from opendata.assembly import BATCHES_AT_ONCE, assemble
from opendata.base.models import Base
from opendata.base.runtime import SYSTEM, outbox
from opendata.settings import Settings
from opendata.testing.web import City


def add(city: City) -> int:
    body = {"title": {"vi": "Lượng mưa"}, "publisher": city.own}
    return city.client("editor").post("/api/v1/datasets", json=body).status_code


def wait_for_effects(platform, number: int) -> None:
    """Ask for so many that nobody has applied."""
    after_commit, platform.after_commit = platform.after_commit, lambda: None
    with platform.work(SYSTEM) as work:
        for name in range(number):
            work.after("organization", str(name))
    platform.after_commit = after_commit


def test_a_change_that_was_committed_is_told_as_such_where_its_effects_fail(city: City, monkeypatch):
    def locked(*_args, **_kwargs):
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "_apply", locked)
        assert add(city) == 201
    assert outbox.backlog(city.platform) == (1, 0)
    outbox.drain(city.platform)
    assert outbox.backlog(city.platform) == (0, 0)


def test_a_request_applies_a_part_of_what_others_left(city: City, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 5)
    wait_for_effects(city.platform, 30)
    assert add(city) == 201
    assert outbox.backlog(city.platform) == (31 - BATCHES_AT_ONCE * 5, 0)


def test_a_command_applies_everything(tmp_path, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 5)
    platform = assemble(Settings(data_dir=str(tmp_path), mode="test"), immediate_jobs=True)
    Base.metadata.create_all(platform.engine)
    wait_for_effects(platform, 30)
    with platform.work(SYSTEM) as work:
        work.after("organization", "own")
    assert outbox.backlog(platform) == (0, 0)
    platform.close()
