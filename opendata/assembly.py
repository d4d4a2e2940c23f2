"""Puts the platform together: the only place that knows which engine each setting means."""

import logging
import sys
from datetime import time, timedelta
from typing import Any

import structlog

from opendata.base.kit import log_lines, log_secrets
from opendata.base.kit.errors import N_, Unavailable
from opendata.base.kit.secrets import Peppers
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import migrations
from opendata.base.runtime import SYSTEM, Platform, jobs, outbox
from opendata.base.runtime.database import connect
from opendata.base.runtime.timetable import Timetable
from opendata.engines.counters import Counters, open_counters
from opendata.engines.files import FileStore, open_files
from opendata.engines.jobs import Queue, open_queue
from opendata.engines.mail import Mailer, open_mailer
from opendata.engines.search import SearchIndex, open_index
from opendata.services.access import (
    accounts,
    mails,
    purging,
    resealing,
    seals,
    signup,
    webhook_sending,
    webhooks,
)
from opendata.services.access.authenticator import Authenticator
from opendata.services.access.blocks import Blocks
from opendata.services.access.changes import Changes
from opendata.services.access.keyring import open_peppers
from opendata.services.access.last_use import LastUse
from opendata.services.access.oauth import own_client
from opendata.services.access.oauth.access_tokens import AccessTokens
from opendata.services.access.oauth.signing import SigningKeys
from opendata.services.access.provider import Provider
from opendata.services.access.refusals import Refusals
from opendata.services.catalog import documents, indexing, stored_files
from opendata.services.catalog.hooks import Plugins
from opendata.services.catalog.register import Register
from opendata.services.harvest import due, forgetting, pipeline, runs
from opendata.services.harvest.reach import Reach
from opendata.services.harvest.registry import HarvesterTypes
from opendata.services.plans import archive, defaults, ledger, reminders
from opendata.services.plans.book import PlanBook
from opendata.services.plans.coverage import Coverage
from opendata.services.plans.gate import PlanGate
from opendata.services.plans.meter import Meter
from opendata.settings import Settings, load

ACCOUNT_JOBS = {
    mails.SEND: mails.deliver,
    signup.WELCOME: accounts.welcome,
    accounts.ASK_RESET: accounts.write_reset,
    webhooks.SEND: webhook_sending.send,
}

log = structlog.get_logger(__name__)
WRITTEN_EVERY = 10.0
"""Seconds between two writes of what is noted in memory."""
BATCHES_AT_ONCE = 2
"""Of effects that a commit waits for. It may find more than its own, after an index was away: those are for
the worker, which looks twice a second."""

JOBS_URL = "sqlite:///{data}/jobs.db"
"""Where jobs wait unless the settings say."""


class NotMigrated(Unavailable):
    code = "not_migrated"
    message = N_("Cơ sở dữ liệu chưa được tạo hoặc chưa cập nhật. Chạy `opendata migrate` trước.")


def assemble(settings: Settings | None = None, *, immediate_jobs: bool = False) -> Platform:
    """The platform without a door. `immediate_jobs` runs jobs in the calling thread (command line)."""
    settings = settings or load()
    configure_logging(settings)
    settings.data.mkdir(parents=True, exist_ok=True)
    platform = Platform(settings, connect(settings.url("database_url", "sqlite:///{data}/opendata.db")))
    platform.register(Vocabularies, Vocabularies())
    _know_callers(platform)
    _count_calls(platform)
    platform.register(FileStore, open_files(settings.url("files_url", "file://{data}/files")))
    search_url = settings.url("search_url", "tantivy://{data}/index")
    platform.register(SearchIndex, open_index(search_url, lambda: indexing.expects_documents(platform)))
    jobs_url = "immediate://" if immediate_jobs else settings.url("jobs_url", JOBS_URL)
    queue = open_queue(jobs_url)
    platform.register(Queue, queue)
    platform.handlers[jobs.TOPIC] = jobs.sender(
        lambda kind, message, delay: queue.put(kind, message, delay=delay)
    )
    register = Register(platform)
    platform.part(Changes).also(register.tick)
    platform.register(Register, register)
    platform.register(HarvesterTypes, HarvesterTypes.installed())
    platform.register(Plugins, Plugins.installed())
    platform.register(Reach, Reach(settings, platform.stopping))
    platform.register(webhook_sending.Sender, webhook_sending.Sender(platform.settings))
    platform.register(Mailer, open_mailer(platform.settings.smtp_url))
    for kind, perform in ACCOUNT_JOBS.items():
        queue.register(kind, jobs.runner(platform, perform))
    queue.register(archive.JOB, jobs.runner(platform, archive.nightly))
    queue.register(stored_files.TIDY, jobs.runner(platform, stored_files.perform_tidy))
    queue.register(stored_files.CHECK, jobs.runner(platform, stored_files.perform_check))
    queue.register(forgetting.JOB, jobs.runner(platform, forgetting.perform))
    queue.register(indexing.SCAN, jobs.runner(platform, indexing.perform_scan))
    queue.register(indexing.FULL_SCAN, jobs.runner(platform, indexing.perform_scan_all))
    queue.register(runs.JOB, jobs.runner(platform, pipeline.perform))
    platform.handlers["dataset"] = documents.apply
    platform.handlers["organization"] = lambda platform, _entries: platform.part(Register).forget()
    batches = None if immediate_jobs else BATCHES_AT_ONCE  # no worker may be there behind a command
    platform.after_commit = lambda: _drain(platform, batches)
    platform.register(Timetable, _timetable(platform))
    return platform


def prepare(platform: Platform) -> None:
    """Bring the database to this release: its schema, and what every installation begins with, plans and
    the client of the command line."""
    migrations.upgrade(platform.engine)
    with platform.work(SYSTEM) as work:
        defaults.seed(work)
        own_client.seed(work)


def _know_callers(platform: Platform) -> None:
    """What the gate asks: keys and tokens, and the watch that lets every worker see changes to them."""
    platform.register(Peppers, open_peppers(platform.settings))
    changes, last_use, refusals = Changes(platform), LastUse(platform), Refusals(platform)
    changes.also(last_use.flush, seconds=WRITTEN_EVERY)
    changes.also(refusals.flush, seconds=WRITTEN_EVERY)
    platform.register(Changes, changes)
    platform.register(LastUse, last_use)
    platform.register(Refusals, refusals)
    platform.register(Blocks, Blocks(platform, changes, refusals))
    platform.register(Provider, Provider(platform.settings))
    authenticator = Authenticator(platform, changes)
    platform.register(Authenticator, authenticator)
    platform.register(SigningKeys, SigningKeys(platform, changes))
    tokens = AccessTokens(platform, changes)
    platform.register(AccessTokens, tokens)
    authenticator.read_token = tokens.read


def _count_calls(platform: Platform) -> None:
    """What callers may ask for, and how much of it."""
    settings = platform.settings
    counters = open_counters(
        settings.url("counters_url", "sqlite:///{data}/limits.sqlite3"),
        folder=settings.data / "counters",
        workers=settings.workers,
        clock=lambda: platform.clock().timestamp(),
        ledger=lambda cell: ledger.used(platform, cell),
    )
    platform.register(Counters, counters)
    platform.register(PlanBook, PlanBook(platform, platform.part(Changes)))
    platform.register(Coverage, Coverage(platform, platform.part(Changes)))
    platform.register(PlanGate, PlanGate(platform, counters))
    platform.register(Meter, Meter(platform))


def _timetable(platform: Platform) -> Timetable:
    """What workers do again and again; see `runtime.timetable` for what a task must keep to."""
    timetable = Timetable(platform)
    timetable.every("harvest.due", timedelta(seconds=30), due.start)
    timetable.nightly("jobs.forget", time(3, 40), jobs.forget_done)
    timetable.nightly(forgetting.JOB, time(3, 50), forgetting.ask)
    timetable.every("usage.nightly", timedelta(minutes=10), archive.ask)
    timetable.every(indexing.WATCH, timedelta(seconds=15), indexing.watch)
    timetable.every(indexing.SCAN, timedelta(minutes=5), indexing.scan)
    timetable.nightly(indexing.FULL_SCAN, time(2, 30), indexing.ask_to_scan_all)
    timetable.every(stored_files.TIDY, timedelta(hours=1), stored_files.ask_to_tidy)
    timetable.every(stored_files.CHECK, timedelta(days=7), stored_files.ask_to_check)
    timetable.every("notices.remind", timedelta(hours=1), reminders.remind)
    timetable.every("webhooks.due", timedelta(seconds=20), webhook_sending.put_due)
    timetable.every("access.purge", timedelta(hours=1), purging.purge)
    timetable.every("access.reseal", timedelta(hours=1), resealing.reseal)
    timetable.every(seals.TASK, timedelta(minutes=5), seals.seal)
    return timetable


def _drain(platform: Platform, batches: int | None) -> None:
    """What has been committed is not told to have failed: effects that cannot be applied now stay in the
    outbox, for the worker or whoever commits next."""
    try:
        outbox.drain(platform, batches=batches)
    except Exception as error:  # noqa: BLE001  # whatever it is, the commit stands
        log.warning("outbox.left", error=repr(error))


def configure_logging(settings: Settings) -> None:
    """Structured events to stderr: JSON lines in production, readable text in development."""
    log_secrets.install()
    readable = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    rendering: tuple[Any, ...] = (
        (structlog.processors.JSONRenderer(),) if settings.log_json else (log_lines.plain, readable)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            log_secrets.cut,
            *rendering,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level)),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # the stderr of the moment
        cache_logger_on_first_use=False,
    )
