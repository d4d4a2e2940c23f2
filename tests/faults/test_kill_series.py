"""kill -9 of web, worker, PostgreSQL, Elasticsearch and Redis while a source is harvested: nothing half,
nothing twice, nothing lost. `python -m opendata.testing.kill_series` is the long form."""

import os
import secrets

import pytest

from opendata.testing.kill_series import Series
from opendata.testing.stand import Stand

POINTS = int(os.environ.get("OPENDATA_KILL_POINTS", "8"))
DATASETS = int(os.environ.get("OPENDATA_KILL_DATASETS", "120"))
VICTIMS = {"web", "worker", "postgresql", "elasticsearch", "redis"}
SEED = int(os.environ.get("OPENDATA_KILL_SEED", "0")) or secrets.randbelow(1 << 31)


@pytest.mark.timeout(600 + POINTS * 20)
def test_after_kills_at_random_moments_the_catalogue_is_what_the_source_is(stand: Stand) -> None:
    print(f"OPENDATA_KILL_SEED={SEED}")
    series = Series(stand, DATASETS, SEED)
    assert series.run(POINTS) == POINTS
    assert len(VICTIMS & set(series.killed)) == min(POINTS, len(VICTIMS)), f"spared some: {series.killed}"
    assert series.finish() < 60
    series.require_equal()
