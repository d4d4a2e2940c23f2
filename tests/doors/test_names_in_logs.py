"""Whatever somebody calls himself or a thing, an event of the log is one line, and no terminal that shows it
is steered."""

import json
import logging
import re
import unicodedata
from urllib.parse import quote

import pytest
import structlog

from opendata.assembly import configure_logging
from opendata.services.catalog import datasets
from opendata.settings import Settings
from opendata.testing.harvest_bench import Scripted, a_source, rec

FORGED = "2026-01-01T00:00:00Z [warning ] forged"
NAMES = {
    "line ends": f"Tên\r\n{FORGED}",
    "escape": "Tên\x1b[2J\x1b]0;forged\x07",
    "escape without a space": "\x1b[31mTên",
    "c1": f"Tên\x9b31m\x85{FORGED}",
    "separators": f"Tên\u2028{FORGED}\u2029{FORGED}",
    "direction": "Tên\u202egpj.exe\u2066",
    "delete": "Tên\x7f\x08\x08",
    "surrogate": "Tên\ud800",
}
FORMATS = pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
KINDS = pytest.mark.parametrize("kind", NAMES)
FORBIDDEN = re.compile("[\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture
def logs(capsys, tmp_path):
    """Begins to log in a format; the call it gives returns the lines logged since."""
    before = structlog.get_config()

    def begin(as_json):
        settings = Settings(data_dir=str(tmp_path), mode="test", log_json=as_json, log_level="DEBUG")
        configure_logging(settings)
        capsys.readouterr()
        return lambda: sound(capsys.readouterr().err, as_json)

    yield begin
    structlog.configure(**before)


def sound(text, as_json):
    """The events of a log, each on one line; lines of traces are set in."""
    assert not FORBIDDEN.search(text)
    lines = text.removesuffix("\n").split("\n") if text else []
    assert not [line for line in lines if any(unicodedata.category(sign) == "Cc" for sign in line)]
    if as_json:
        return [json.loads(line) for line in lines]
    events = [line for line in lines if line and not line.startswith("    ")]
    assert all(re.match(r"\d{4}-\d\d-\d\dT", line) and not line.startswith(FORGED) for line in events)
    return events


@KINDS
@FORMATS
def test_an_event_is_one_line_wherever_the_name_stands(logs, kind, as_json):
    name, written, log = NAMES[kind], logs(as_json), structlog.get_logger("x")
    log.info(name)
    log.info("named", title=name, names=[name], by={"name": name, name: 1}, error=repr(ValueError(name)))
    with structlog.contextvars.bound_contextvars(source=name):
        log.info("bound")
    log.error("broken", name=name, exc_info=ValueError(name))
    assert len(written()) == 4


@KINDS
def test_a_message_of_a_library_is_one_line(logs, kind, caplog):
    logs(as_json=False)
    logging.getLogger("library").warning("found %s", NAMES[kind])
    assert sound("2026-01-01T " + caplog.records[-1].getMessage(), as_json=False)


@FORMATS
def test_what_people_name_leaves_sound_logs(city, logs, as_json):
    client, written = city.client("admin"), logs(as_json)
    for name in NAMES.values():
        title = {"data": json.dumps({"title": {"vi": name}, "publisher": city.own})}
        named = {"data": json.dumps({"name": name})}
        for method, path, sent in (
            ("POST", "/api/v1/datasets", title),
            ("POST", f"/api/v1/apps/{city.application}/keys", named),
            ("PATCH", "/api/v1/me", named),
        ):
            answer = client.open(path, method=method, content_type="application/json", **sent)
            assert answer.status_code < 500
    written()


@FORMATS
def test_a_fault_is_logged_soundly_whatever_was_asked_for_and_by_whom(city, logs, as_json, monkeypatch):
    def fail(_work, name):
        raise RuntimeError(f"no such dataset: {name}")

    monkeypatch.setattr(datasets, "get", fail)
    client, written = city.client("editor"), logs(as_json)
    for name in NAMES.values():
        raw = name.encode("utf-8", "surrogatepass")
        agent = raw.decode("latin-1").translate({10: 32, 13: 32})  # no server lets those two into a header
        asked = f"/api/v1/datasets/{quote(raw)}/revisions"
        assert client.get(asked, headers={"User-Agent": agent}).status_code == 500
    assert len(written()) == len(NAMES)


@FORMATS
def test_a_harvest_that_fails_for_such_a_name_leaves_sound_logs(city, logs, as_json):
    bench = a_source(city.platform, harvester := Scripted())
    for name in NAMES.values():
        harvester.listing, written = [rec(1, explode=name), RuntimeError(name)], logs(as_json)
        assert bench.run().state == "failed"
        assert len(written()) >= 3  # begin, what is broken, end
