"""The same city every time, in parts or as a whole, today or later."""

import hashlib
from datetime import date, datetime

import pytest

from opendata.demo import bodies, datasets, generate, generate_earlier
from opendata.demo.reading import folder_reader
from opendata.demo.writing import calendar


def digests(root):
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_two_generations_are_equal_to_the_byte(city_folder, tmp_path):
    generate(tmp_path)
    assert digests(tmp_path) == digests(city_folder)


def test_a_part_is_written_as_in_the_whole(city_folder, tmp_path):
    generate(tmp_path, only=["D15", "D01", "D27", "D40"])
    whole, part = digests(city_folder), digests(tmp_path)
    assert part
    assert part.items() <= whole.items()
    assert {name.split("/")[1] for name in part} == {datasets()[d].slug for d in ("D15", "D01", "D27", "D40")}


def test_another_seed_gives_another_city(city_folder, tmp_path):
    generate(tmp_path, only=["D12"], seed="other")
    name = next(name for name in digests(tmp_path) if name.endswith(".csv"))
    assert digests(tmp_path)[name] != digests(city_folder)[name]


@pytest.mark.parametrize("name", ["D03", "D10", "D31", "D35", "D29", "D22"])
def test_a_later_day_adds_rows_and_changes_none(city_rows, tmp_path, name):
    generate(tmp_path, only=[name], as_of=date(2027, 2, 10))
    later = list(folder_reader(tmp_path)(name, None))
    before = city_rows(name)
    assert later[: len(before)] == before
    assert len(later) > len(before)


def test_a_series_ends_with_the_last_whole_month(tmp_path):
    generate(tmp_path, only=["D10"], as_of=date(2026, 11, 25))
    assert max(row["thang"] for row in folder_reader(tmp_path)("D10", None)) == date(2026, 10, 1)


@pytest.mark.parametrize("name", ["D02", "D29"])
def test_a_quarterly_series_ends_with_the_last_whole_quarter(tmp_path, name):
    generate(tmp_path, only=[name], as_of=date(2026, 11, 25))
    rows = list(folder_reader(tmp_path)(name, None))
    last = max(row["quy"] for row in rows if row.get("nam", 2026) == 2026)
    assert last in {3, date(2026, 7, 1)}


@pytest.mark.parametrize(
    ("name", "as_of", "period"),
    [
        ("D02", date(2026, 11, 25), ("2015", "2026-09")),
        ("D02", date(2027, 2, 10), ("2015", "2026-12")),
        ("D29", date(2026, 11, 25), ("2023-10-01", "2026-07-01")),
        ("D40", date(2026, 11, 25), ("2026-07", "2026-09")),
        ("D40", date(2026, 12, 31), ("2026-10", "2026-12")),
    ],
)
def test_the_period_told_ends_where_the_rows_do(name, as_of, period):
    assert calendar.period(datasets()[name], as_of) == period


def test_a_day_before_the_figures_end_is_refused(tmp_path):
    with pytest.raises(ValueError, match="2026-09-30"):
        generate(tmp_path, as_of=date(2026, 1, 1))


def test_one_folder_per_body_and_one_per_dataset(city_folder):
    assert sorted(path.name for path in city_folder.iterdir()) == sorted(body.slug for body in bodies())
    folders = {path.parent.name for path in city_folder.glob("*/*/metadata.yaml")}
    assert folders == {dataset.slug for dataset in datasets().values()}


def test_the_city_fits_on_a_small_disk(city_folder):
    assert sum(path.stat().st_size for path in city_folder.rglob("*")) < 60_000_000


def test_files_are_older_than_the_day_so_that_a_reader_sees_them_finished(city_folder):
    for path in city_folder.rglob("*.*"):
        assert datetime.fromtimestamp(path.stat().st_mtime) < datetime(2026, 9, 30)  # noqa: DTZ001, DTZ006


def test_a_file_that_a_store_has_linked_is_not_written_into(tmp_path):
    generate(tmp_path / "city", only=["D06"])
    path = next((tmp_path / "city").rglob("*.csv"))
    (tmp_path / "linked").hardlink_to(path)
    before = path.read_bytes()
    generate(tmp_path / "city", only=["D06"], as_of=date(2027, 1, 31))
    path.write_text("other")
    assert (tmp_path / "linked").read_bytes() == before


def test_nothing_is_left_of_another_generation(tmp_path):
    generate(tmp_path, only=["D06"])
    leaving = next(tmp_path.rglob("*.csv")).with_name("old.csv")
    leaving.write_text("x")
    generate(tmp_path, only=["D06"])
    assert not leaving.exists()


def test_progress_is_told_per_dataset(tmp_path):
    heard = []
    generate(tmp_path, only=["D06", "D20"], progress=lambda *step: heard.append(step))
    assert heard == [("D06", 1, 2), ("D20", 2, 2)]


def test_the_first_edition_has_other_figures_and_no_correction(tmp_path):
    paths = generate_earlier(tmp_path)
    rows = list(folder_reader(tmp_path)("D38", None))
    assert {row["nam"] for row in rows} == {2025}
    assert sum(row["dan_so"] for row in rows) == 4_087_000
    sidecar = next(path for path in paths if path.name == "metadata.yaml").read_text()
    assert "version_note" not in sidecar
