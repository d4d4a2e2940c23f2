"""Migrations and models say the same on SQLite and on PostgreSQL, up and down, with rows in the tables."""

from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, insert, inspect, select, text

from opendata.base.kit.ids import new_id
from opendata.base.kit.vietnamese import sort_key
from opendata.base.models import (
    Base,
    Dataset,
    HarvestSource,
    Job,
    Organization,
    OutboxEntry,
    Resource,
    Subscription,
    migrations,
)

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
NAMES = ["Hải An", "Đồ Sơn", "An Dương", "Cát Hải", "Dương Kinh", "Cát Bà", "Ơ", "O", "Ô", "Ư", "z", "a 10"]


def describe(connection):
    found = MigrationContext.configure(connection, opts={"compare_type": True})
    return compare_metadata(found, Base.metadata)


def fill(engine):
    with engine.begin() as connection:
        for name in NAMES:
            connection.execute(
                insert(Organization).values(
                    id=new_id(),
                    slug=f"s-{new_id()}",
                    name={"vi": name},
                    description={},
                    sort_key=sort_key(name),
                    modified=NOW,
                )
            )
        connection.execute(insert(OutboxEntry).values(topic="dataset", object_id="x", at=NOW))
        connection.execute(
            insert(Job).values(id=new_id(), kind="k", arguments={"đường": [1, None]}, queued_at=NOW)
        )


def read(engine):
    with engine.connect() as connection:
        names = connection.scalars(select(Organization.name).order_by(Organization.sort_key)).all()
        jobs = connection.execute(select(Job.arguments, Job.queued_at)).all()
    return [name["vi"] for name in names], [tuple(job) for job in jobs]


def test_migrations_give_the_tables_of_the_models(engine):
    migrations.upgrade(engine)
    with engine.connect() as connection:
        assert describe(connection) == []
    assert not migrations.pending(engine)


def test_every_step_down_and_up_again_keeps_the_rows(engine):
    migrations.upgrade(engine)
    fill(engine)
    before = read(engine)
    migrations.downgrade(engine, "0001")
    migrations.upgrade(engine)
    assert read(engine) == before
    with engine.connect() as connection:
        assert describe(connection) == []


def test_of_several_open_subscriptions_the_one_that_gives_most_stays(engine):
    migrations.upgrade(engine)
    migrations.downgrade(engine, "0007")
    groups = [  # the one that stays comes first; then, with hours since it was asked for, the others
        [("active", 0), ("pending", 3), ("paused", 2), ("active", -1)],
        [("paused", 0), ("pending", 3), ("rejected", 4)],
        [("pending", 1), ("pending", 0)],
    ]
    rows = [subscription(n, *one) for n, group in enumerate(groups) for one in group]
    without_parents(engine, insert(Subscription).values(rows))
    migrations.upgrade(engine)
    with engine.connect() as connection:
        held = dict(connection.execute(select(Subscription.id, Subscription.state)).all())
    states = iter([held[row["id"]] for row in rows])
    assert [[next(states) for _ in group] for group in groups] == [
        ["active", "ended", "ended", "ended"],
        ["paused", "ended", "rejected"],
        ["pending", "ended"],
    ]


def test_a_link_whose_source_told_a_digest_is_a_link_again(engine):
    migrations.upgrade(engine)
    migrations.downgrade(engine, "0009")
    link, file, source = new_id(), new_id(), new_id()
    held = {"sha256": "ab" * 32, "download_url": "https://a.example/a.csv"}
    of_all = {"dataset_id": new_id(), "position": 0, "sha256": "ab" * 32, "content": held}
    rows = [{"id": link, "file_name": None, **of_all}, {"id": file, "file_name": "a.csv", **of_all}]
    without_parents(engine, insert(Resource.__table__).values(rows))
    ckan = {
        "id": source,
        "slug": "s",
        "title": "t",
        "type": "ckan",
        "url": "https://a.example",
        "config": {},
        "organization_id": new_id(),
        "state": "accepted",
        "mapping": {},
        "mapping_version": 3,
        "policy": {},
        "breaker_state": "closed",
        "fence": 0,
        "cursor": {"since": "2026"},
        "created": NOW,
    }
    without_parents(engine, insert(HarvestSource.__table__).values(ckan))
    migrations.upgrade(engine)
    with engine.connect() as connection:
        found = {row.id: row for row in connection.execute(select(Resource.__table__))}
        asked = connection.execute(select(OutboxEntry.topic, OutboxEntry.object_id)).all()
        version, cursor = connection.execute(
            select(HarvestSource.mapping_version, HarvestSource.cursor).where(HarvestSource.cursor.is_(None))
        ).one()
    assert (found[link].sha256, found[link].content) == (None, held | {"sha256": None})
    assert (found[file].sha256, found[file].content) == ("ab" * 32, held)
    assert asked == [("dataset", of_all["dataset_id"])]
    assert (version, cursor) == (4, None)


def test_datasets_of_a_release_that_searched_less_are_asked_for_anew(engine):
    migrations.upgrade(engine)
    migrations.downgrade(engine, "0013")
    dataset = {
        "id": new_id(),
        "slug": "s",
        "content": {},
        "visibility": "public",
        "publisher_id": new_id(),
        "sort_key": "s",
        "created": NOW,
        "modified": NOW,
    }
    without_parents(engine, insert(Dataset).values(dataset))
    migrations.upgrade(engine)
    with engine.connect() as connection:
        asked = connection.execute(select(OutboxEntry.topic, OutboxEntry.object_id)).all()
    assert asked == [("dataset", dataset["id"])]


def without_parents(engine, statement):
    """On a connection of its own, where nobody asks for what foreign keys name."""
    plain = create_engine(engine.url, poolclass=NullPool)
    with plain.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(statement)


def subscription(group, state, hours_ago):
    return {
        "id": new_id(),
        "version": 1,
        "application_id": f"application-{group}",
        "product_id": "00000000-0000-4000-8000-000000000000",
        "plan_slug": "p",
        "plan_number": 1,
        "state": state,
        "requested_at": NOW - timedelta(hours=hours_ago),
        "overrides": [],
    }


def test_the_way_down_ends_with_nothing(engine):
    migrations.upgrade(engine)
    migrations.downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrations.upgrade(engine)
    fill(engine)


def test_names_sort_alike_and_instants_keep_their_microseconds(engine):
    migrations.upgrade(engine)
    fill(engine)
    names, jobs = read(engine)
    assert names == sorted(NAMES, key=sort_key)
    assert jobs == [({"đường": [1, None]}, NOW)]


@pytest.mark.parametrize("name", [*NAMES, "Ngọc Hải – Đồ Sơn", "Trường THPT Thái Phiên", "𝒳 １２"])
def test_sort_keys_need_no_collation(name):
    """Byte order, code point order and every locale's order agree on them only if they are ASCII."""
    assert sort_key(name).isascii()


def test_a_migration_does_not_wait_for_ever_behind_a_reader(engine):
    """The tables stay readable for the portal: a step that cannot have its lock soon gives up."""
    if engine.dialect.name == "sqlite":
        pytest.skip("does not apply: a reader of SQLite keeps no migration waiting")
    migrations.upgrade(engine)
    with engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM job"))
        with pytest.raises(Exception, match="lock timeout"):
            migrations.downgrade(engine, "0001")
    migrations.downgrade(engine, "0001")
