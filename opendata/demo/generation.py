"""Write the demo city as the exchange folders of its departments."""

import hashlib
import os
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from pathlib import Path

from opendata.demo.catalogue import Dataset, body, datasets
from opendata.demo.making.city import City
from opendata.demo.making.makers import MAKERS
from opendata.demo.writing import sidecar
from opendata.demo.writing.calendar import DEFAULT_AS_OF
from opendata.demo.writing.columns import ICT, flat_columns, property_columns
from opendata.demo.writing.tables import WRITERS, write_all

DEFAULT_SEED = "hai-phong-1"

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
    city = City(as_of=as_of, seed=seed, makers=MAKERS)
    paths: list[Path] = []
    for done, dataset in enumerate(chosen, start=1):
        paths += write_dataset(root, dataset, city)
        if progress:
            progress(dataset.id, done, len(chosen))
    return paths


def write_dataset(root: Path, dataset: Dataset, city: City) -> list[Path]:
    folder = root / body(dataset.body).slug / dataset.slug
    folder.mkdir(parents=True, exist_ok=True)
    files = _tables(folder, dataset, city)
    made = sidecar.record(dataset, files, city.as_of)
    paths = [*(file.path for file in files), sidecar.write(folder, made)]
    for path in paths:
        _settle(path, city.as_of)
    return paths


def file_name(dataset: Dataset, ending: str, *, part: str = "") -> str:
    """`<slug>.mophong.csv`; the mark is left out where the list is real."""
    mark = ".mophong" if dataset.synthetic else ""
    return f"{dataset.slug}{'.' + part if part else ''}{mark}.{ending}"


def _tables(folder: Path, dataset: Dataset, city: City) -> list[sidecar.MadeFile]:
    plain = [form for form in dataset.formats if form in WRITERS]
    targets = [folder / file_name(dataset, form.lower()) for form in plain]
    writers = [WRITERS[form](path, dataset.columns) for form, path in zip(plain, targets, strict=True)]
    rows = write_all(city.stream(dataset.id), writers)
    return [_made(dataset, form, path, rows) for form, path in zip(plain, targets, strict=True)]


def _made(dataset: Dataset, form: str, path: Path, rows: int) -> sidecar.MadeFile:
    columns = property_columns if form == "GEOJSON" else flat_columns
    title = {language: f"{text} ({form})" for language, text in dataset.title.items()}
    return sidecar.MadeFile(path, form, title, columns(dataset.columns), rows)


def _settle(path: Path, as_of: date) -> None:
    """Give the file a time of its own content on the day before, so that a reader sees it as finished,
    an unchanged one as unchanged and a changed one as changed."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    midnight = datetime(as_of.year, as_of.month, as_of.day, tzinfo=ICT).timestamp()
    moment = int(midnight) - int.from_bytes(digest[:4], "big") % 86_400
    os.utime(path, (moment, moment))


__all__: Sequence[str] = ("DEFAULT_SEED", "file_name", "generate", "write_dataset")
