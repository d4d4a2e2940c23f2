"""When a source is due: a word or a cron expression, by the clock of the city.

`hourly`, `daily`, `weekly` and `monthly` spread the sources over some time, each at one of its own that stays
the same: not all departments are asked at once. Five cron fields mean just what they say.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from opendata.base.kit.errors import N_, Invalid
from opendata.base.kit.hashes import sha256

WORDS = {
    "hourly": ("0 * * * *", timedelta(minutes=6)),
    "daily": ("0 1 * * *", timedelta(hours=2)),
    "weekly": ("0 1 * * SUN", timedelta(hours=4)),
    "monthly": ("0 1 1 * *", timedelta(hours=4)),
}
FIELDS = 5


def checked(schedule: str | None) -> str | None:
    """The schedule, None for one that is empty. Raises `Invalid`."""
    schedule = " ".join((schedule or "").split())
    if not schedule:
        return None
    try:
        next(CronSim(_expression(schedule), datetime(2026, 1, 1)))  # noqa: DTZ001  # any time will do
    except (CronSimError, StopIteration) as error:
        problem = N_("Lịch là hourly, daily, weekly, monthly, hoặc năm trường cron, ví dụ 0 2 * * 1.")
        raise Invalid(fields={"schedule": problem}) from error
    return schedule


def following(schedule: str, source_id: str, after: datetime, zone: ZoneInfo) -> datetime:
    """The first time after `after` that this source is due."""
    offset = _own_offset(schedule, source_id)
    return next(CronSim(_expression(schedule), after.astimezone(zone) - offset)) + offset


def _expression(schedule: str) -> str:
    expression = WORDS[schedule][0] if schedule in WORDS else schedule
    if len(expression.split()) != FIELDS:
        raise CronSimError("seconds are not offered")
    return expression


def _own_offset(schedule: str, source_id: str) -> timedelta:
    window = WORDS[schedule][1] if schedule in WORDS else timedelta()
    share = int(sha256(source_id.encode())[:8], 16) / 16**8
    return timedelta(seconds=int(window.total_seconds() * share))
