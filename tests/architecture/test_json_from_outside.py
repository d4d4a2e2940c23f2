"""What came from outside is read by the strict reader alone: another resolves silently what two readers could
understand differently. Faster ones read what this product wrote itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("base", "engines", "services", "doors", "demo")
"""And the modules beside them. What stands in `testing` reads for tests."""
SOURCES = sorted(
    path
    for found in (
        (ROOT / "opendata").glob("*.py"),
        *((ROOT / "opendata" / folder).rglob("*.py") for folder in FOLDERS),
        *((ROOT / folder).rglob("*.py") for folder in ("plugins", "harvesters")),
    )
    for path in found
)
PARSERS = {"json", "orjson", "msgspec.json"}
READING = {"loads", "load", "decode", "Decoder", "JSONDecoder"}
READER = "opendata/base/kit/strict_json.py"
OURS = {
    "opendata/base/runtime/database.py": "columns of our tables",
    "opendata/demo/load.py": "the stamp of what the demo loaded",
    "opendata/doors/api/webhooks.py": "messages as we sent them",
    "opendata/doors/cli/remote.py": "sign-ins that the command line keeps for its user",
    "opendata/doors/web/pages/docs.py": "our description of the API",
    "opendata/doors/web/pages/webhooks.py": "messages as we sent them",
    "opendata/doors/web/static_files.py": "the list of files that the build wrote",
    "opendata/engines/counters/pending.py": "charges that wait for their store",
    "opendata/engines/jobs/stores.py": "messages of our queue",
    "opendata/engines/search/elastic/schema.py": "rows that we put into the index",
    "opendata/engines/search/embedded/generation.py": "our description of an index",
    "opendata/engines/search/embedded/ranking.py": "rows that we put into the index",
    "opendata/engines/search/embedded/store.py": "the log of an index",
    "opendata/services/access/oauth/signing.py": "keys that we sealed",
    "opendata/services/catalog/reading.py": "documents that we composed",
    "opendata/services/catalog/reduced.py": "documents that we composed",
    "opendata/services/harvest/blobs.py": "items of a run that we packed",
    "opendata/services/harvest/sources.py": "secrets that we sealed",
    "opendata/services/plans/archive.py": "notes in archives that we wrote",
    "opendata/services/plans/spool.py": "lines of calls that we counted",
}


def readings(source: str) -> Iterator[int]:
    """Lines where another reader of JSON is named, called or handed on."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in READING and ast.unparse(node.value) in PARSERS:
            yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module in PARSERS:
            if any(name.name in READING for name in node.names):
                yield node.lineno
        elif isinstance(node, ast.Import) and any(
            name.name in PARSERS and name.asname for name in node.names
        ):
            yield node.lineno  # under another name it would not be seen


def by_file() -> dict[str, list[int]]:
    found = {path.relative_to(ROOT).as_posix(): list(readings(path.read_text("utf-8"))) for path in SOURCES}
    return {place: lines for place, lines in found.items() if lines and place != READER}


def test_only_what_we_wrote_is_read_by_another_reader() -> None:
    wrong = {place: lines for place, lines in by_file().items() if place not in OURS}
    assert not wrong


def test_no_place_is_let_pass_that_reads_none() -> None:
    assert set(OURS) == set(by_file())


@pytest.mark.parametrize(
    "line",
    [
        "found = orjson.loads(body)",
        "options = {'json_deserializer': json.loads}",
        "from orjson import loads",
        "import orjson as quick",
        "found = msgspec.json.decode(body)",
    ],
)
def test_the_check_sees_what_it_is_for(line: str) -> None:
    assert list(readings(line))


@pytest.mark.parametrize("line", ["found = strict_json.loads(body)", "text = orjson.dumps(body).decode()"])
def test_the_check_lets_others_pass(line: str) -> None:
    assert not list(readings(line))
