"""Write the demo city as the exchange folders of its departments."""

import hashlib
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from opendata.base.formats.record import Column, Period
from opendata.demo.catalogue import Dataset, bodies, body, datasets
from opendata.demo.making.buses import network
from opendata.demo.making.city import City
from opendata.demo.making.makers import MAKERS
from opendata.demo.writing import sidecar
from opendata.demo.writing.calendar import DEFAULT_AS_OF
from opendata.demo.writing.columns import ICT, flat_columns, property_columns
from opendata.demo.writing.document import write_tariff_sheet
from opendata.demo.writing.gtfs import write_archive
from opendata.demo.writing.tables import WRITERS, CsvWriter, write_all
from opendata.demo.writing.wardmap import ward_map_columns, write_ward_map

DEFAULT_SEED = "hai-phong-1"

CORRECTED = "D38"
FIRST_POPULATION = 4_087_000
FIRST_UPDATE = "2026-02-27T15:00:00+07:00"
CORRECTION = {
    "vi": "Đính chính dân số năm 2025 sau khi rà soát và bổ sung năm 2026.",
    "en": "Population of 2025 corrected after a review; 2026 added.",
}

Progress = Callable[[str, int, int], None]


def generate(
    root: Path,
    *,
    as_of: date = DEFAULT_AS_OF,
    seed: str = DEFAULT_SEED,
    only: Collection[str] = (),
    progress: Progress | None = None,
) -> list[Path]:
    """One folder per body, in it one per dataset with its files and `metadata.yaml`; answers all paths.

    The same arguments give the same bytes. `only` limits what is written, never what it holds.
    `progress` hears the dataset that is done, how many are done, and how many there are.
    Raises ValueError for a day before the figures of the city end, KeyError for an unknown dataset.
    """
    if as_of < DEFAULT_AS_OF:
        raise ValueError(f"the demo city begins with {DEFAULT_AS_OF.isoformat()}")
    chosen = [datasets()[name] for name in sorted(set(only) or datasets())]
    for one in bodies():
        (root / one.slug).mkdir(parents=True, exist_ok=True)
    city = City(as_of=as_of, seed=seed, makers=MAKERS)
    paths: list[Path] = []
    for done, dataset in enumerate(chosen, start=1):
        paths += write_dataset(root, dataset, city)
        if progress:
            progress(dataset.id, done, len(chosen))
    return paths


def generate_earlier(root: Path, *, seed: str = DEFAULT_SEED) -> list[Path]:
    """The first edition of the population figures, later corrected by the one `generate` writes.

    Harvested before the present folders, it leaves a superseded version behind.
    """
    city = City(as_of=date(2025, 12, 31), seed=seed, makers=MAKERS, population_2025=FIRST_POPULATION)
    return write_dataset(root, datasets()[CORRECTED], city, first_edition=True)


def write_dataset(root: Path, dataset: Dataset, city: City, *, first_edition: bool = False) -> list[Path]:
    folder = root / body(dataset.body).slug / dataset.slug
    _empty(folder)
    files = _files(folder, dataset, city)
    made = sidecar.record(dataset, files, city.as_of)
    if first_edition:
        made = replace(
            made, last_update=FIRST_UPDATE, data_until="2025", temporal=Period(start="2025", end="2025")
        )
    elif dataset.id == CORRECTED:
        made = replace(made, status="corrected", version_note=CORRECTION)
    paths = [*(file.path for file in files), sidecar.write(folder, made)]
    for path in paths:
        _settle(path, city.as_of)
    return paths


def file_name(dataset: Dataset, ending: str, *, part: str = "") -> str:
    """`<slug>.mophong.csv`; the mark is left out where the list is real."""
    mark = ".mophong" if dataset.synthetic else ""
    return f"{dataset.slug}{'.' + part if part else ''}{mark}.{ending}"


def _empty(folder: Path) -> None:
    """Leave no file of another day; new files never write into what a store may have linked."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()


def _files(folder: Path, dataset: Dataset, city: City) -> list[sidecar.MadeFile]:
    if dataset.tables:
        return _network(folder, dataset, city)
    files = _tables(folder, dataset, city)
    if "GEOJSON" in dataset.formats and not _has_shape(dataset):
        path = folder / file_name(dataset, "geojson")
        count = write_ward_map(path, dataset.columns, city.rows(dataset.id))
        files.append(_made(dataset, "GEOJSON", path, ward_map_columns(dataset.columns), count))
    if "PDF" in dataset.formats:
        path = folder / file_name(dataset, "pdf")
        write_tariff_sheet(path, dataset.title, city.rows(dataset.id))
        files.append(_made(dataset, "PDF", path))
    return files


def _tables(folder: Path, dataset: Dataset, city: City) -> list[sidecar.MadeFile]:
    """All files that hold the dataset's own rows, written in one pass."""
    forms = [
        form for form in dataset.formats if form in WRITERS and (form != "GEOJSON" or _has_shape(dataset))
    ]
    paths = {form: folder / file_name(dataset, form.lower()) for form in forms}
    rows = write_all(
        city.stream(dataset.id), [WRITERS[form](path, dataset.columns) for form, path in paths.items()]
    )
    columns = {form: flat_columns(dataset.columns) for form in forms}
    if "GEOJSON" in columns:
        columns["GEOJSON"] = property_columns(dataset.columns)
    return [_made(dataset, form, path, columns[form], rows) for form, path in paths.items()]


def _network(folder: Path, dataset: Dataset, city: City) -> list[sidecar.MadeFile]:
    """The archive, then each of its tables as a file."""
    rows = network(city)
    archive = folder / file_name(dataset, "zip")
    write_archive(archive, {name: (fields, rows[name]) for name, fields in dataset.tables.items()})
    files = [_made(dataset, "GTFS", archive)]
    for name, fields in dataset.tables.items():
        path = folder / file_name(dataset, "csv", part=name)
        count = write_all(rows[name], [CsvWriter(path, fields)])
        files.append(_made(dataset, "CSV", path, flat_columns(fields), count, part=name))
    return files


def _made(
    dataset: Dataset,
    form: str,
    path: Path,
    columns: tuple[Column, ...] = (),
    rows: int | None = None,
    *,
    part: str = "",
) -> sidecar.MadeFile:
    shown = f"{form}, {part}" if part else form
    title = {language: f"{text} ({shown})" for language, text in dataset.title.items()}
    return sidecar.MadeFile(path, form, title, columns, rows)


def _has_shape(dataset: Dataset) -> bool:
    return any(field.type in ("point", "line", "polygon") for field in dataset.columns)


def _settle(path: Path, as_of: date) -> None:
    """Give the file a time of its own content on the day before, so that a reader sees it as finished,
    an unchanged one as unchanged and a changed one as changed."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    midnight = datetime(as_of.year, as_of.month, as_of.day, tzinfo=ICT).timestamp()
    moment = int(midnight) - int.from_bytes(digest[:4], "big") % 86_400
    os.utime(path, (moment, moment))


__all__: Sequence[str] = ("DEFAULT_SEED", "file_name", "generate", "write_dataset")
