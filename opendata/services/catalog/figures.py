"""The figures of the city on the home page, read from the published files themselves."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import structlog
import yaml

from opendata.base.kit.errors import OpenDataError
from opendata.base.kit.paths import config_dir
from opendata.base.runtime import Work
from opendata.engines.files import FileStore
from opendata.services.catalog import reading

log = structlog.get_logger(__name__)
FULL_YEAR = 12


@cache
def _declared() -> tuple[Mapping[str, Any], ...]:
    return tuple(yaml.safe_load((config_dir() / "figures.yaml").read_text(encoding="utf-8")))


def of_city(work: Work) -> list[dict[str, Any]]:
    """Figures whose dataset is there and can be read by this caller, in the declared order."""
    return [figure for declared in _declared() if (figure := _figure(work, declared)) is not None]


def _figure(work: Work, declared: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        document = reading.dataset(work, declared["dataset"]).value
    except OpenDataError:
        return None
    stored = (r for r in document["resources"] if r.get("format") == "CSV" and r.get("sha256"))
    resource = next(stored, None)
    if resource is None:
        return None
    years = _years(work, resource["sha256"], declared)
    return _view(document, declared, years) if len(years) > 1 else None


_cache: dict[tuple[str, str], dict[int, float]] = {}


def _years(work: Work, sha256: str, declared: Mapping[str, Any]) -> dict[int, float]:
    """Sum of the value column by full year. A stored file never changes, so its sums are kept."""
    key = (sha256, declared["value"])
    if key not in _cache:
        if len(_cache) > 64:
            _cache.clear()
        body = b"".join(work.part(FileStore).open(sha256))
        _cache[key] = _sums(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))), declared)
    return _cache[key]


def _sums(rows: Iterable[Mapping[str, str]], declared: Mapping[str, Any]) -> dict[int, float]:
    where = dict(declared.get("where", {}))
    sums: dict[int, float] = defaultdict(float)
    months: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        period, value = row[declared["period"]], row[declared["value"]]
        if value and all(row[name] == wanted for name, wanted in where.items()):
            sums[int(period[:4])] += float(value)
            months[int(period[:4])].add(period[5:7])
    full = {year for year, seen in months.items() if seen == {""} or len(seen) >= FULL_YEAR}
    scale = declared.get("scale", 1)
    return {year: sums[year] / scale for year in sorted(full)}


def _view(
    document: Mapping[str, Any], declared: Mapping[str, Any], years: Mapping[int, float]
) -> dict[str, Any]:
    last = max(years)
    before = years.get(last - 1)
    points = list(years.values())
    start = int(declared.get("break_year", 0))
    change = None
    if before and declared["unit"]["en"] != "%" and last != start:
        change = {
            "value": round((years[last] / before - 1) * 100, 1),
            "unit": "%",
            "decimals": 1,
            "than": {"vi": f"so với {last - 1}", "en": f"on {last - 1}"},
        }
    return {
        "slug": document["slug"],
        "name": declared["name"],
        "value": round(years[last], declared["decimals"]),
        "decimals": declared["decimals"],
        "unit": declared["unit"],
        "period": {"vi": f"năm {last}", "en": str(last)},
        "series": points,
        "break_at": sorted(years).index(start) if start in years else None,
        "change": change,
        "source": document["publisher"]["name"],
    }
