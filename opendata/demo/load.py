"""Load the demo city into an installation, through the same harvest that real departments' data takes.

Loading again changes nothing; a load that was killed goes on where it stopped.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path

import orjson
from sqlalchemy import Select, func, or_, select

from opendata.base.kit.errors import N_, Conflict, Unavailable
from opendata.base.models import Dataset, HarvestSource
from opendata.base.runtime import Platform, Work, outbox
from opendata.demo import city, generation
from opendata.demo.catalogue import bodies, datasets
from opendata.demo.people import Person
from opendata.demo.writing.calendar import DEFAULT_AS_OF
from opendata.services.harvest import lease, pipeline, runs

Progress = Callable[[str, int, int], None]
"""(what is being done, how many are done, how many there are)."""

STAMP = "generated.json"
UNSETTLED = {"busy", "lost", "queued"}
RETRY = 0.5
PATIENCE = 15.0
"""Seconds on top of the lease of a source."""


class NotEmpty(Conflict):
    code = "not_empty"
    message = N_(
        "Cổng đã có %(count)s bộ dữ liệu thật; không nạp thành phố mẫu vào cùng chỗ (--force để vẫn nạp)."
    )


class LoadFailed(Unavailable):
    code = "demo_load_failed"
    message = N_("Nguồn %(source)s kết thúc với trạng thái %(state)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """`people` with the password each was given, None where that is no longer known."""

    datasets: int
    sources: int
    people: Sequence[tuple[Person, str | None]] = field(default_factory=tuple)


def root(platform: Platform) -> Path:
    """The folder that holds the departments' folders."""
    found: Path = platform.settings.demo_dir
    return found


def load(
    platform: Platform,
    *,
    as_of: date = DEFAULT_AS_OF,
    seed: str = generation.DEFAULT_SEED,
    only: Collection[str] = (),
    force: bool = False,
    writing: Progress = lambda *_: None,
    harvesting: Progress = lambda *_: None,
) -> Loaded:
    """Folders, bodies, accounts, sources, runs. Raises `NotEmpty`, `LoadFailed`."""
    if not force:
        _require_no_real_data(platform)
    with platform.work(city.DEMO) as work:
        city.settle(work)
    with platform.work(city.DEMO) as work:
        secret = platform.settings.mode == "production"
        people = tuple(city.admit(work, secret=secret))
        sources = [(source.id, source.title) for source in city.connect(work, root(platform))]
    _publish_first_edition(platform, seed, only)
    write_folders(root(platform), as_of=as_of, seed=seed, only=only, progress=writing)
    for done, (source_id, title) in enumerate(sources):
        harvesting(title, done, len(sources))
        _harvest(platform, source_id, title)
    harvesting("", len(sources), len(sources))
    outbox.drain(platform)
    with platform.read(city.DEMO) as work:
        count = work.session.scalar(_count().where(Dataset.source_id.in_(city.made(work, "harvest_source"))))
    return Loaded(datasets=count or 0, sources=len(sources), people=people)


def _publish_first_edition(platform: Platform, seed: str, only: Collection[str]) -> None:
    """One dataset was published with other figures before, so that a corrected one can be seen."""
    corrected = datasets()[generation.CORRECTED]
    with platform.read(city.DEMO) as work:
        known = select(Dataset.id).where(Dataset.slug == corrected.slug)
        if (only and corrected.id not in only) or work.session.scalar(known) is not None:
            return
        query = select(HarvestSource).where(HarvestSource.slug == city.source_slug(corrected.body))
        source = work.session.scalars(query).one()
    _empty(root(platform))
    generation.generate_earlier(root(platform), seed=seed)
    _harvest(platform, source.id, source.title)


def _harvest(platform: Platform, source_id: str, title: str) -> None:
    """One run to its end. A run that a killed load left behind is taken up once its lease is over."""
    with platform.work(city.DEMO) as work:
        run_id = runs.start(work, work.session.get_one(HarvestSource, source_id)).id
    patience = time.monotonic() + lease.DURATION.total_seconds() + PATIENCE
    while (state := pipeline.run(platform, run_id)) in UNSETTLED and time.monotonic() < patience:
        time.sleep(RETRY)
    if state != "done":
        raise LoadFailed(source=title, state=state)


def real_datasets(work: Work) -> int:
    """Datasets that are neither synthetic nor came from the demo's own sources (two lists are real)."""
    made = city.made(work, "harvest_source")
    foreign = or_(Dataset.source_id.is_(None), Dataset.source_id.not_in(made))
    return work.session.scalar(_count().where(Dataset.synthetic.is_(False), foreign)) or 0


def _count() -> Select[int]:
    return select(func.count()).select_from(Dataset)


def _require_no_real_data(platform: Platform) -> None:
    with platform.read(city.DEMO) as work:
        if count := real_datasets(work):
            raise NotEmpty(count=count)


def write_folders(folder: Path, *, as_of: date, seed: str, only: Collection[str], progress: Progress) -> None:
    """Generate the departments' folders, unless the ones there are what would be written.

    The stamp is written last, so that a killed generation is done again.
    """
    wanted = _fingerprint(as_of, seed, only)
    if _is_written(folder, wanted):
        return
    _empty(folder)
    paths = generation.generate(folder, as_of=as_of, seed=seed, only=only, progress=progress)
    sizes = {str(path.relative_to(folder)): path.stat().st_size for path in paths}
    (folder / STAMP).write_bytes(orjson.dumps({"made_from": wanted, "files": sizes}))


def _is_written(folder: Path, wanted: str) -> bool:
    try:
        stamp = orjson.loads((folder / STAMP).read_bytes())
        return stamp["made_from"] == wanted and all(
            (folder / name).stat().st_size == size for name, size in stamp["files"].items()
        )
    except (OSError, ValueError, KeyError):
        return False


def _empty(folder: Path) -> None:
    """A folder for each body with nothing in it."""
    (folder / STAMP).unlink(missing_ok=True)
    for one in bodies():
        shutil.rmtree(folder / one.slug, ignore_errors=True)
        (folder / one.slug).mkdir(parents=True)


def _fingerprint(as_of: date, seed: str, only: Collection[str]) -> str:
    """SHA-256 of the generator, its data and its arguments."""
    digest = hashlib.sha256(f"{as_of.isoformat()}\n{seed}\n{sorted(only)}\n".encode())
    for name, content in _sources_of(Path(str(files("opendata.demo")))):
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()


def _sources_of(package: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(package.rglob("*")):
        if path.suffix in {".py", ".yaml", ".csv"}:
            yield str(path.relative_to(package)), path.read_bytes()
