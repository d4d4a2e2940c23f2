"""Dates that publishers write: what is none is refused, and one that was stored before ends no page."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from opendata.base.formats.dates import is_date, read_date
from opendata.base.formats.record import DatasetRecord, Period
from opendata.base.kit.errors import Invalid
from opendata.base.kit.vocabularies import Vocabularies
from opendata.services.catalog import documents, entry, freshness
from opendata.services.catalog.filters import BY_NAME
from opendata.testing.records import complete_record

NOW = datetime(2026, 6, 5, tzinfo=UTC)
VOCABULARIES = Vocabularies()
DATES = ("1000", "2200-12-31", "2026-06", "2026-6-5", "2026-06-05T08:00:00+07:00", "2026-06-05T08:00Z")
NO_DATES = (
    "9999-12-31",
    "0999",
    "2201-01",
    "2026-13",
    "2026-02-30",
    "²²²²",
    "２０２６",
    "05/06/2026",
    "20260605",
    "hôm qua",
)


@pytest.mark.parametrize("text", DATES)
def test_a_date_of_any_precision_goes_in(text: str) -> None:
    assert is_date(text)
    assert entry.normalise(complete_record(last_update=text), VOCABULARIES).last_update == text


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_date_is_refused_by_its_field(text: str) -> None:
    assert not is_date(text)
    resource = replace(complete_record().resources[0], issued=text, modified=text)
    record = complete_record(
        last_update=text,
        issued=text,
        modified=text,
        temporal=Period(start=text, end=text),
        resources=(resource,),
    )
    with pytest.raises(Invalid) as refused:
        entry.normalise(record, VOCABULARIES)
    inner = {f"resources.0.{name}" for name in ("issued", "modified")}
    assert set(refused.value.fields) == {
        "last_update",
        "issued",
        "modified",
        "temporal.start",
        "temporal.end",
        *inner,
    }


def test_no_date_is_no_fault() -> None:
    entry.normalise(DatasetRecord(title={"vi": "Bộ"}, temporal=Period(start="2020")), VOCABULARIES)


@pytest.mark.parametrize("text", ["9999-12-31", "9999", "0500-01-01", "2201"])
def test_harvests_leave_impossible_dates_out(text: str) -> None:
    assert read_date(text) is None


@pytest.mark.parametrize(
    "text", ["9999-12-31", "9999-12-31T23:59:59Z", "9999999999", "0001-01-01T00:00:00+14:00"]
)
def test_freshness_is_judged_of_any_date_that_was_stored(text: str) -> None:
    judged = freshness.judge("MONTHLY", text, NOW, VOCABULARIES, late_factor=2.0)
    assert judged.last_update == text
    assert judged.next_due is None or judged.next_due < NOW


@pytest.mark.parametrize(
    ("end", "last"),
    [("2024", "2024-12-31"), ("2024-02", "2024-02-29"), ("2024-2", "2024-02-29"), ("9999-12", "9999-12-31")],
)
def test_a_period_reaches_to_the_last_day_of_its_month_or_year(end: str, last: str) -> None:
    assert documents.days_of({"start": "2020-01-01", "end": end}) == (
        (date(2020, 1, 1) - date(1970, 1, 1)).days,
        (date.fromisoformat(last) - date(1970, 1, 1)).days,
    )


@pytest.mark.parametrize(
    ("end", "years"), [("2021-05", ["2020", "2021"]), ("²²²²", []), ("２０２１", []), (None, [])]
)
def test_the_years_of_a_period_are_plain_numbers(end: str | None, years: list[str]) -> None:
    document = {"temporal": {"start": "2020", "end": end}}
    assert list(BY_NAME["year"].values(document)) == years


def test_what_an_earlier_release_stored_may_stay() -> None:
    stored = complete_record(issued="05/06/2019", modified="9999-12-31")
    kept = entry.normalise(replace(stored, title={"vi": "Tên khác"}), VOCABULARIES, before=stored)
    assert (kept.issued, kept.modified) == ("05/06/2019", "9999-12-31")
    with pytest.raises(Invalid) as refused:
        entry.normalise(replace(stored, modified="9999-12-30"), VOCABULARIES, before=stored)
    assert set(refused.value.fields) == {"modified"}
