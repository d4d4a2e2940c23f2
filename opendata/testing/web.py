"""A small city behind the web application: bodies, people of every role, datasets in every state.

`city` makes it in a folder; `City.client(role)` gives a test client that is signed in. Two departments
exist: `own`, whose people the roles member, editor, reviewer and admin are, and `foreign`, whose editor is
the role `foreign`.
"""

import io
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from opendata.app import create_app
from opendata.assembly import assemble
from opendata.base.formats.record import (
    DatasetRecord,
    ResourceRecord,
)
from opendata.base.kit.hashes import digest
from opendata.base.models import Application, Dataset, DatasetDocument, HarvestSource, Job, Organization, User
from opendata.base.runtime import SYSTEM, Caller, Platform, Work, jobs
from opendata.doors.http.control_limits import BUCKETS
from opendata.doors.http.identity import COOKIE, TOKEN_HEADER
from opendata.services.access import (
    applications,
    blocks,
    invitations,
    keys,
    members,
    people,
    sessions,
    webhooks,
)
from opendata.services.access.oauth import clients
from opendata.services.access.scopes import OPEN
from opendata.services.catalog import datasets, files, organizations, workflow
from opendata.services.harvest import runs, sources
from opendata.services.plans import defaults, plans, products, subscriptions
from opendata.services.plans.book import PlanBook
from opendata.settings import Settings
from opendata.testing import modes
from opendata.testing.records import CSV, complete_record, put_file

GENEROUS = ("1000000/second", "100000000/minute")
ROLES = ("anonymous", "member", "editor", "reviewer", "admin", "foreign", "operator")
"""Who may ask; the columns of the permission matrix."""


class ApiClient(FlaskClient):
    """A test client that sends the token of its session with every request."""

    token: str = ""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if self.token:
            headers = Headers(kwargs.pop("headers", None) or {})
            headers.setdefault(TOKEN_HEADER, self.token)
            kwargs["headers"] = headers
        return super().open(*args, **kwargs)


@dataclass
class City:
    """`own` and `foreign` are bodies; `published`, `draft`, `submitted`, `withdrawn`, `restricted` are
    datasets of `own`; `others_draft` is a draft of `foreign`; `source` is an accepted harvest source of
    `own` whose folder holds one file, `run` a preview of it, `file` a stored file; `application` belongs to
    `own`, `key` is its key, `oauth_client` its OAuth2 client with the secret `client_secret`, `invitation`
    somebody asked into `own`, `subscription` of the application to the product `du-lieu-mo` of `own`,
    `webhook` an endpoint of the application, `delivery` a message for it, `block` a
    blocked network far away. All by id."""

    platform: Platform
    app: Flask
    own: str = ""
    foreign: str = ""
    published: str = ""
    draft: str = ""
    submitted: str = ""
    withdrawn: str = ""
    restricted: str = ""
    others_draft: str = ""
    source: str = ""
    run: str = ""
    file: str = ""
    application: str = ""
    key: str = ""
    oauth_client: str = ""
    client_secret: str = ""
    invitation: str = ""
    subscription: str = ""
    webhook: str = ""
    delivery: str = ""
    block: str = ""
    users: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def caller(self, role: str) -> Caller:
        """Somebody with this role, as services know them."""
        with self.platform.read(SYSTEM) as work:
            return people.caller_of(work, work.session.get_one(User, self.users[role]))

    def key_of(self, role: str, *scopes: str, **limits: Any) -> str:
        """The secret of a key of this person's own application, with these scopes (default: reading). The
        same for the same wishes."""
        wish = repr((role, scopes, sorted(limits.items())))
        if wish not in self.secrets:
            with self.platform.work(self.caller(role)) as work:
                name = f"{role} {digest(wish)[:8]}"
                made = applications.create(work, name, wanted=scopes or OPEN)
                self.secrets[wish] = keys.create(work, made, "thử", wanted=scopes or OPEN, **limits).secret
        return self.secrets[wish]

    def client(self, role: str = "anonymous") -> ApiClient:
        """A browser of somebody with this role, signed in unless anonymous."""
        client = self.app.test_client()
        assert isinstance(client, ApiClient)
        if role != "anonymous":
            with self.platform.work(SYSTEM) as work:
                opened = sessions.start(work, work.session.get_one(User, self.users[role]), hours=1)
            client.set_cookie(COOKIE, opened.token)
            client.token = opened.csrf
        return client

    def limit(self, slug: str, *rules: str, page_max: int = 1000) -> None:
        """Let a plan have these rules from now on."""
        with self.platform.work(SYSTEM) as work:
            partition = defaults.DEFAULTS[slug].partition
            plans.write(work, slug, rules, partition=partition, page_max=page_max)
        self.platform.part(PlanBook).forget()

    def real(self) -> dict[str, str]:
        """A thing that exists for every placeholder of an address."""
        return {
            "dataset_id": self.draft,
            "resource_id": self.file,
            "organization_id": self.own,
            "topic_id": "bien-dao",
            "source_id": self.source,
            "run_id": self.run,
            "application_id": self.application,
            "key_id": self.key,
            "user_id": self.users["spare"],
            "invitation_id": self.invitation,
            "plan": "basic",
            "product": "du-lieu-mo",
            "subscription_id": self.subscription,
            "client_id": self.oauth_client,
            "secret_id": self.client_secret,
            "session_id": "0" * 16,
            "webhook_id": self.webhook,
            "delivery_id": self.delivery,
            "block_id": self.block,
            "transfer_id": self.application,
        }

    def add_dataset(
        self, record: DatasetRecord | None = None, *, state: str = "published", publisher: str | None = None
    ) -> str:
        """The id of a new dataset of `own` (or another body) in this state."""
        with self.platform.work(SYSTEM) as work:
            dataset = datasets.create(work, record or complete_record(), publisher_id=publisher or self.own)
            _advance(work, dataset, state)
            return dataset.id

    def add_file(self, body: bytes = CSV, *, name: str = "số liệu.csv", **changes: Any) -> tuple[str, str]:
        """(dataset id, resource id) of a published dataset with one stored file."""
        found = files.intake(self.platform, io.BytesIO(body), name=name)
        stored = replace(found.describe(ResourceRecord(title={"vi": name}, kind="file")), **changes)
        main = complete_record().resources[0]
        record = replace(complete_record(), resources=(stored, main))
        dataset_id = self.add_dataset(record)
        with self.platform.read(SYSTEM) as work:
            resources = datasets.resources_of(work, work.session.get_one(Dataset, dataset_id))
            return dataset_id, resources[0].id

    def resources(self, dataset_id: str) -> list[str]:
        """The ids of a dataset's resources, in order."""
        with self.platform.read(SYSTEM) as work:
            return [r.id for r in datasets.resources_of(work, work.session.get_one(Dataset, dataset_id))]


def build_city(folder: Path, *, floor_per_second: int = 0, engines: Mapping[str, str] | None = None) -> City:
    """The city in `folder`, behind the whole web application, on the engines of the test run (with index and
    counters in memory where it is the embedded mode), or on those given (settings)."""
    pattern = modes.mode.pattern
    if engines is None and pattern and modes.is_new(folder):
        return _copied(folder, pattern, floor_per_second=floor_per_second)
    chosen = modes.engine_settings(folder) if engines is None else engines
    return _made(folder, chosen, floor_per_second=floor_per_second)


def _copied(folder: Path, pattern: Path, **settings: int) -> City:
    """As made anew, for half the time: what is in memory and what knows its folder is put right."""
    kept = _pattern(pattern)
    shutil.copytree(pattern, folder, dirs_exist_ok=True)
    platform, app = _opened(folder, modes.engine_settings(folder, copy_of=pattern), **settings)
    with platform.work(SYSTEM) as work:
        work.session.execute(delete(DatasetDocument))  # else the index would count as lost
        work.session.get_one(HarvestSource, kept.source).url = str(folder / "nguon")
        for dataset in work.session.scalars(select(Dataset.id)):
            work.after("dataset", dataset)
        for job in work.session.scalars(select(Job)):
            work.after(jobs.TOPIC, job.id, {"kind": job.kind})
    return replace(kept, platform=platform, app=app, users=dict(kept.users), secrets=dict(kept.secrets))


@cache
def _pattern(folder: Path) -> City:
    """A city whose platform is closed."""
    city = _made(folder, modes.engine_settings(folder))
    city.platform.close()
    return city


def _made(folder: Path, engines: Mapping[str, str], **settings: int) -> City:
    city = City(*_opened(folder, engines, **settings))
    _lift_limits(city)
    _settle(city)
    _harvest(city, folder / "nguon")
    _equip(city)
    return city


def _opened(folder: Path, engines: Mapping[str, str], *, floor_per_second: int = 0) -> tuple[Platform, Flask]:
    settings = Settings(
        **{"search_url": "memory://", "counters_url": "memory://", **engines},  # type: ignore[arg-type]
        data_dir=str(folder),
        mode="test",
        base_url="http://localhost",
        harvest_allow_loopback=True,
        webhook_allow_loopback=True,
        harvest_allow_roots=(str(folder),),
        worker_in_web=False,
        apps_per_user=1000,
        floor_per_second=floor_per_second,
        guard_limits=dict.fromkeys(BUCKETS, "100000 per second"),
        log_level="ERROR",
    )
    platform = assemble(settings)
    modes.make_tables(platform.engine)
    app = create_app(platform=platform)
    app.test_client_class = ApiClient
    return platform, app


def _harvest(city: City, folder: Path) -> None:
    """A source over a folder with one file. Jobs stay in the queue: no test waits for a worker."""
    folder.mkdir()
    put_file(folder / "mua.csv", CSV)
    with city.platform.work(SYSTEM) as work:
        source = sources.create(
            work, type="folder", url=str(folder), title="Thư mục của sở", organization_id=city.own
        )
        sources.accept(work, source)
        city.source, city.run = source.id, runs.start(work, source, "preview").id


def close_city(city: City, folder: Path) -> None:
    city.platform.close()
    modes.forget(folder)


def _lift_limits(city: City) -> None:
    """Plans that no test meets by accident; tests of limits write their own with `limit`."""
    with city.platform.work(SYSTEM) as work:
        for slug, plan in defaults.DEFAULTS.items():
            plans.write(
                work,
                slug,
                GENEROUS,
                partition=plan.partition,
                page_max=plan.page_max,
                self_service=plan.self_service,
            )


def _equip(city: City) -> None:
    """An application of the department with a key, made by its editor, and an open invitation."""
    with city.platform.work(city.caller("editor")) as work:
        owner = work.session.get_one(Organization, city.own)
        made = applications.create(work, "Cổng của sở", organization=owner)
        city.application, city.key = made.id, keys.create(work, made, "máy chủ").key.id
        client = clients.create(work, made, "Cổng của sở", redirect_uris=["https://app.example/cb"])
        city.oauth_client, city.client_secret = client.client.id, client.row.id if client.row else ""
    with city.platform.work(SYSTEM) as work:
        owner = work.session.get_one(Organization, city.own)
        city.users["spare"] = _person(work, "member", owner, name="spare")
        asked = invitations.invite(work, owner, "moi@haiphong.example", "member")
        city.invitation = invitations.name_of(asked)
        offered = products.offer(work, "du-lieu-mo", organization_id=city.own, plan="partner")
        made = work.session.get_one(Application, city.application)
        city.subscription = subscriptions.subscribe(work, made, offered).id
        endpoint, _ = webhooks.add(work, made, "https://app.example/hooks", ["quota.warning"])
        city.webhook, city.delivery = endpoint.id, webhooks.test(work, made, endpoint).id
        city.block = blocks.block(work, "198.51.100.0/24", "Gọi quá nhiều.").id


def _settle(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        own = organizations.create(work, {"vi": "Sở Nông nghiệp và Môi trường", "en": "Agriculture"})
        foreign = organizations.create(work, {"vi": "Sở Xây dựng", "en": "Construction"}, abbreviation="SXD")
        organizations.create_topic(work, {"vi": "Biển đảo", "en": "Sea and islands"}, {"vi": "Biển và đảo."})
        city.own, city.foreign = own.id, foreign.id
        for role in ROLES[1:]:
            city.users[role] = _person(work, role, foreign if role == "foreign" else own)
    public = complete_record("Chất lượng nước biển", topics=("bien-dao",))
    city.published = city.add_dataset(public)
    city.draft = city.add_dataset(complete_record("Bản nháp về đê điều"), state="draft")
    city.submitted = city.add_dataset(complete_record("Bản trình về rừng"), state="submitted")
    city.withdrawn = city.add_dataset(complete_record("Bản đã gỡ về thú y"), state="withdrawn")
    hidden = {"access_level": "conditional", "access_reason": {"vi": "Có dữ liệu nội bộ."}}
    city.restricted = city.add_dataset(complete_record("Số liệu hạn chế", **hidden))
    city.others_draft = city.add_dataset(
        complete_record("Nháp của sở khác"), state="draft", publisher=city.foreign
    )


def _person(work: Work, role: str, organization: Organization, *, name: str = "") -> str:
    """An account without a password: sessions of tests are opened directly."""
    user = User(
        email=f"{name or role}@haiphong.example",
        email_key=f"{name or role}@haiphong.example",
        name=f"Người {name or role}",
        operator=role == "operator",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        confirmed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    work.session.add(user)
    work.session.flush()
    if role != "operator":
        members.assign(work, user, organization, "editor" if role == "foreign" else role)
    return user.id


def _advance(work: Work, dataset: Dataset, state: str) -> None:
    if state == "submitted":
        workflow.submit(work, dataset)
    if state in {"published", "withdrawn"}:
        workflow.publish(work, dataset)
    if state == "withdrawn":
        workflow.withdraw(work, dataset, note="Cần rà soát lại.")


@pytest.fixture
def city(
    engines: None,  # noqa: ARG001  # asked for: see `modes`
    tmp_path: Path,
) -> Iterator[City]:
    """A city of its own for tests that change something."""
    made = build_city(tmp_path)
    yield made
    close_city(made, tmp_path)


@pytest.fixture(scope="session")
def still_city(
    engines: None,  # noqa: ARG001
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[City]:
    """One city for all tests that only read."""
    folder = tmp_path_factory.mktemp("city")
    made = build_city(folder)
    yield made
    close_city(made, folder)


def problem_of(response: TestResponse, status: int, code: str | None = None) -> Mapping[str, Any]:
    """The problem details of a refused request, checked for their shape."""
    assert response.status_code == status, response.get_data(as_text=True)[:500]
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = response.get_json(force=True)
    assert body["status"] == status
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert code is None or body["code"] == code
    return body


VOCABULARY_PATHS = tuple(
    f"/api/v1/{name}" for name in ("licences", "themes", "formats", "frequencies", "access-levels")
)
