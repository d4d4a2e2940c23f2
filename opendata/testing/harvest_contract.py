"""What every harvester keeps to, as test classes to subclass.

`HarvesterContract` needs `harvester`, `entries`, `guid` and `place`. `HttpHarvesterContract` and
`PagedHarvesterContract` need `answer` and `nameless` instead of `place`: what the source's server says to a
request when it holds these entries.
"""

import copy
import json
import os
import random
import socket
import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

import msgspec
import pytest
from marshmallow import Schema

from opendata.services.harvest.access import Access, open_access
from opendata.services.harvest.contract import Features, Harvester, Source
from opendata.testing.harvesting import Listed, drive, list_url, quick_fetcher, source_of, translate
from opendata.testing.hostile_server import (
    Answer,
    HostileServer,
    Script,
    Seen,
    gzip_bomb,
    json_answer,
    page_answer,
    redirect,
)

_CAP = 1_000
_NEEDS = {"http", "folder", "sftp", "s3", "sql"}
_IN_ANOTHER_PROCESS = """
import importlib, json, socket, sys
def closed(*_, **__):
    raise AssertionError("dataset() opened a socket")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = closed
import msgspec
from opendata.services.harvest.contract import Rec, Source
from opendata.testing.harvesting import translate
module, name, source, raw, guid, url = json.load(sys.stdin)
harvester = getattr(importlib.import_module(module), name)()
record, _ = translate(harvester, Source(**source), Rec(guid=guid, raw=raw, url=url))
sys.stdout.write(msgspec.json.encode(record).decode())
"""


class HarvesterContract:
    """Subclass it as Test… and give it a harvester and a source it can read."""

    harvester: ClassVar[Harvester]

    def entries(self, count: int) -> list[Any]:
        """Different entries in the source's own form, each with a title and an identifier."""
        raise NotImplementedError

    def guid(self, entry: Any) -> str:
        """The guid the harvester should give this entry."""
        raise NotImplementedError

    @contextmanager
    def place(self, entries: Sequence[Any]) -> Iterator[tuple[Source, Access]]:
        """A source that holds these entries, and the access to it."""
        raise NotImplementedError(f"{len(entries)} entries")
        yield

    def listed(self, entries: Sequence[Any]) -> tuple[Source, Listed]:
        with self.place(entries) as (source, io):
            return source, drive(self.harvester, source, io)

    def test_it_says_what_it_is(self) -> None:
        harvester = self.harvester
        assert harvester.type.replace("_", "").isalnum()
        assert harvester.type == harvester.type.lower()
        assert issubclass(harvester.config, Schema)
        assert harvester.needs <= _NEEDS
        assert isinstance(harvester.features, Features)

    def test_its_form_has_labels_in_two_languages(self) -> None:
        for name, one in self.harvester.config().fields.items():
            label = one.metadata.get("label", {})
            assert label.get("vi"), f"{name} has no Vietnamese label"
            assert label.get("en"), f"{name} has no English label"

    def test_every_entry_is_listed_once_in_order_and_the_end_is_last(self) -> None:
        entries = self.entries(25)
        _, listed = self.listed(entries)
        assert listed.guids == [self.guid(entry) for entry in entries]
        assert listed.complete

    def test_an_empty_source_is_a_complete_listing_of_nothing(self) -> None:
        _, listed = self.listed([])
        assert (listed.records, listed.complete) == ([], True)

    def test_guids_are_text_the_database_can_hold(self) -> None:
        _, listed = self.listed(self.entries(5))
        for guid in listed.guids:
            assert guid == unicodedata.normalize("NFC", guid)
            assert 0 < len(guid.encode()) <= 1024

    def test_listing_twice_gives_the_same_records(self) -> None:
        entries = self.entries(5)
        first, second = self.listed(entries)[1], self.listed(entries)[1]
        assert [(one.guid, one.raw) for one in first.records] == [
            (one.guid, one.raw) for one in second.records
        ]

    def test_translating_is_pure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        source, listed = self._fetched(self.entries(3))

        def closed(*_: Any, **__: Any) -> None:
            raise AssertionError("dataset() opened a socket")

        monkeypatch.setattr(socket.socket, "connect", closed)
        monkeypatch.setattr(socket, "getaddrinfo", closed)
        for record in listed:
            before = copy.deepcopy(record.raw)
            first, second = (translate(self.harvester, source, record) for _ in range(2))
            assert first == second
            assert record.raw == before
            assert first[0].title["vi"]

    def test_translating_in_another_process_gives_the_same(self) -> None:
        source, listed = self._fetched(self.entries(1))
        record = listed[0]
        here, _ = translate(self.harvester, source, record)
        kind = type(self.harvester)
        fields = {name: getattr(source, name) for name in ("id", "type", "url", "title")}
        given = [kind.__module__, kind.__qualname__, fields, record.raw, record.guid, record.url]
        answer = subprocess.run(  # noqa: S603  # our own interpreter and text
            [sys.executable, "-c", _IN_ANOTHER_PROCESS],
            input=json.dumps(given),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "7"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.encode() == msgspec.json.encode(here)

    def _fetched(self, entries: Sequence[Any]) -> tuple[Source, list[Any]]:
        """Records with their raw in hand, as `dataset` gets them."""
        with self.place(entries) as (source, io):
            records = drive(self.harvester, source, io).usable
            return source, [
                replace(one, raw=one.fetch(), fetch=None) if one.fetch else one for one in records
            ]


class HttpHarvesterContract(HarvesterContract):
    """`path` is what the source's address adds to the server's."""

    path: ClassVar[str] = ""

    def answer(self, entries: Sequence[Any], seen: Seen, cap: int) -> Answer:
        """What the server says to this request when it holds these entries and gives `cap` a page at most."""
        raise NotImplementedError

    def nameless(self, entry: Any) -> Any:
        """The entry without its identifier."""
        raise NotImplementedError

    @contextmanager
    def place(self, entries: Sequence[Any]) -> Iterator[tuple[Source, Access]]:
        with (
            HostileServer(lambda seen: self.answer(entries, seen, _CAP)) as server,
            quick_fetcher() as fetcher,
        ):
            source = source_of(self.harvester, server.url + self.path)
            yield source, open_access(source, self.harvester.needs, fetcher=fetcher)

    def against(self, script: Script) -> tuple[Listed, list[Seen]]:
        with HostileServer(script) as server:
            _, listed = list_url(self.harvester, server.url + self.path)
            return listed, server.seen

    @pytest.mark.parametrize(
        "answer",
        [
            page_answer(),
            json_answer(None),
            json_answer({"error": {"message": "bảo trì"}}),
            json_answer([]),
            json_answer("xin chào"),
            Answer(body=b""),
            Answer(body=b"{"),
            Answer(status=404),
            Answer(status=401),
            Answer(status=403),
            Answer(status=500),
            Answer(status=204),
            redirect("http://169.254.169.254/"),
            redirect("file:///etc/hostname"),
            gzip_bomb(80 << 20),
        ],
        ids=lambda answer: f"{answer.status} {answer.body[:12]!r}",
    )
    def test_what_is_no_listing_fails_the_run_and_lists_nothing(self, answer: Answer) -> None:
        listed, _ = self.against(lambda _: answer)
        assert listed.records == []
        assert listed.failure is not None or listed.end == listed.items[-1] == self._empty_end(answer)

    def _empty_end(self, answer: Answer) -> Any:
        """A bare list may be the form of a source without records; nothing else may pass for one."""
        _, empty = self.listed([])
        return empty.end if answer.body == b"[]" else None

    def test_a_body_that_is_cut_is_never_a_complete_listing(self) -> None:
        entries = self.entries(20)

        def script(seen: Seen) -> Answer:
            whole = self.answer(entries, seen, _CAP)
            return replace(whole, cut_at=len(whole.body) * 6 // 10)

        listed, seen = self.against(script)
        assert not listed.complete
        assert len(seen) == 3

    def test_one_failure_is_made_good_by_asking_again(self) -> None:
        entries = self.entries(20)
        failures = [Answer(status=503)]
        listed, _ = self.against(
            lambda seen: failures.pop() if failures else self.answer(entries, seen, _CAP)
        )
        assert listed.complete
        assert len(listed.guids) == 20

    def test_entries_without_identity_are_told_and_the_others_stay(self) -> None:
        entries = self.entries(6)
        mixed = [entries[0], self.nameless(entries[1]), entries[2], None, entries[4]]
        _, listed = self.listed(mixed)
        assert listed.guids == [self.guid(entries[at]) for at in (0, 2, 4)]
        assert len(listed.troubles) == 2

    def test_an_identifier_that_comes_twice_is_listed_for_the_engine_to_judge(self) -> None:
        entries = self.entries(3)
        _, listed = self.listed([*entries, entries[0]])
        assert set(listed.guids) == {self.guid(entry) for entry in entries}
        assert listed.guids[:3] == [self.guid(entry) for entry in entries]

    def test_a_secret_goes_to_its_origin_and_nowhere_else(self) -> None:
        names = [n for n, one in self.harvester.config().fields.items() if one.metadata.get("secret")]
        with HostileServer(lambda _: json_answer({})) as other:
            with HostileServer(lambda _: redirect(other.url)) as server:
                _, listed = list_url(
                    self.harvester, server.url + self.path, config=dict.fromkeys(names, "s3cr3t")
                )
            assert "s3cr3t" in str(server.seen) or not names
        assert not any("s3cr3t" in str((seen.headers, seen.query)) for seen in other.seen)
        assert "s3cr3t" not in str((listed.failure, vars(listed.failure or object), listed.log))


class PagedHarvesterContract(HttpHarvesterContract):
    """For types whose listing comes in pages."""

    def test_a_failure_on_a_later_page_leaves_the_earlier_ones(self) -> None:
        entries = self.entries(60)
        pages: list[Seen] = []

        def script(seen: Seen) -> Answer:
            if pages and seen.query != pages[0].query:
                return Answer(status=500)
            pages.append(seen)
            return self.answer(entries, seen, 10)

        listed, _ = self.against(script)
        assert 0 < len(listed.guids) < 60
        assert (listed.complete, listed.failure) == (False, None)
        assert listed.faults == ["source_error"]

    def test_a_server_that_ignores_paging_is_noticed_at_the_second_page(self) -> None:
        entries = self.entries(60)
        first: list[Answer] = []

        def script(seen: Seen) -> Answer:
            first.append(self.answer(entries, seen, 10) if not first else first[0])
            return first[0]

        listed, seen = self.against(script)
        assert listed.faults == ["page_loop"]
        assert len(seen) == 2

    def test_entries_removed_or_added_meanwhile_cost_no_other_entry(self) -> None:
        seed = random.SystemRandom().randrange(1 << 30)
        print("seed", seed)  # noqa: T201  # shown when the test fails
        rng = random.Random(seed)  # noqa: S311
        entries = self.entries(60)
        held = list(entries[:50])
        removed: set[int] = set()

        def script(seen: Seen) -> Answer:
            answer = self.answer(held, seen, 10)
            if len(held) > 45 and rng.random() < 0.7:
                at = rng.randrange(10)
                removed.add(id(held.pop(at)))
            return answer

        listed, _ = self.against(script)
        stayed = {self.guid(entry) for entry in entries[:50] if id(entry) not in removed}
        assert stayed <= set(listed.guids) or not listed.complete
        assert len(listed.guids) == len(set(listed.guids))
