"""Usage: what the API takes and answers."""

from marshmallow import fields

from opendata.doors.api.schemas import base, stated
from opendata.doors.api.schemas.queries import Language
from opendata.services.plans import reports
from opendata.services.plans.rollup import GRAINS


class Asked(Language):
    """Which time, in which steps."""

    since = fields.AwareDateTime(
        format="iso",
        data_key="from",
        load_default=None,
        metadata={"description": "From when on, with an offset.", "example": "2026-11-01T00:00:00+07:00"},
    )
    until = fields.AwareDateTime(
        format="iso", data_key="to", load_default=None, metadata={"description": "Until when; now without."}
    )
    grain = fields.String(
        load_default="hour",
        validate=base.OneOf(GRAINS),
        metadata={"description": "Step of time; days and months are those of the city."},
    )


class AskedInForm(Asked):
    """The same, as JSON or as a file."""

    form = fields.String(
        load_default="json",
        data_key="format",
        validate=base.OneOf(("json", "csv")),
        metadata={"description": "json or csv."},
    )


class AskedByGroup(AskedInForm):
    """The same, by group."""

    group_by = fields.String(
        load_default="none",
        validate=base.OneOf(reports.GROUPS),
        metadata={"description": "What the calls of each step are told apart by."},
    )


class UsageRow(base.Schema):
    """Calls of one group in one step of time."""

    start = stated.time("When the step begins.")
    group = stated.text("The group; empty for all.")
    calls = stated.count("Calls, refused ones included.")
    throttled = stated.count("Refused because of limits.")
    client_errors = stated.count("Answered with 4xx.")
    server_errors = stated.count("Answered with 5xx.")
    not_modified = stated.count("Answered with 304; they cost nothing.")
    bytes = stated.count("Bytes sent.")
    rows = stated.count("Rows sent.")
    p50_ms = stated.amount("Half were answered within, in ms.", nullable=True)
    p95_ms = stated.amount("95 of 100 were answered within, in ms.", nullable=True)


class Failure(base.Schema):
    """A call that failed, with the request as it was made but for its secrets."""

    at = stated.time("When.")
    key = stated.text("Id of the key.")
    method = stated.text("Method.")
    path = stated.text("Path.")
    query = stated.text("Query, each value cut to 200 characters.")
    status = stated.count("Status of the answer.")
    code = stated.text("Code of the problem.")
    request_id = stated.text("Id of the request.")


class DatasetUsage(base.Schema):
    """How one dataset was used, without saying by whom."""

    id = stated.text("Id of the dataset.")
    slug = stated.text("Its address.")
    title = stated.both("Its title.")
    calls = stated.count("Calls.")
    downloads = stated.count("Downloads of files, of the calls.")
    bytes = stated.count("Bytes sent.")
    applications = stated.count("Number of applications that called.")


class Brief(base.Schema):
    """Sums of a time."""

    calls = stated.count("Calls.")
    throttled = stated.count("Refused because of limits.")
    client_errors = stated.count("Answered with 4xx.")
    server_errors = stated.count("Answered with 5xx.")
    bytes = stated.count("Bytes sent.")
    p95_ms = stated.amount("95 of 100 were answered within, in ms.", nullable=True)


class BusyApplication(Brief):
    """An application and its calls."""

    id = stated.text("Id; empty for callers without a key.")
    name = stated.text("Name.")


class BusyRoute(Brief):
    """A route and its calls."""

    route = stated.text("Route, as the document writes it.")


class BusyNetwork(base.Schema):
    """A network and its calls without a key, by whole hours, or days of what is older than a week."""

    network = stated.text("The network, /24 or /48: of nobody alone.", example="203.0.113.0/24")
    calls = stated.count("Calls.")
    throttled = stated.count("Refused because of limits.")
    client_errors = stated.count("Answered with 4xx.")
    server_errors = stated.count("Answered with 5xx.")
    bytes = stated.count("Bytes sent.")


class Suspended(base.Schema):
    """An application that is stopped."""

    id = stated.text("Id.")
    name = stated.text("Name.")
    reason = stated.text("Why.", nullable=True)


class Blocked(base.Schema):
    """A network nothing is answered to; its calls are in none of the other figures."""

    network = stated.text("The network.", example="203.0.113.0/24")
    refused = stated.count("Calls refused since, some seconds late.")
    refused_at = stated.time("When the last of them was, about.", nullable=True)


class PlatformUsage(base.Schema):
    """What operators look at."""

    total = fields.Nested(UsageRow, required=True, metadata={"description": "All calls."})
    course = fields.List(fields.Nested(UsageRow), required=True, metadata={"description": "By step."})
    applications = fields.List(
        fields.Nested(BusyApplication), required=True, metadata={"description": "The busiest."}
    )
    routes = fields.List(fields.Nested(BusyRoute), required=True, metadata={"description": "The busiest."})
    networks = fields.List(
        fields.Nested(BusyNetwork), required=True, metadata={"description": "The busiest without a key."}
    )
    throttled = fields.List(
        fields.Nested(BusyApplication),
        required=True,
        metadata={"description": "The applications that were refused most because of limits."},
    )
    throttled_networks = fields.List(
        fields.Nested(BusyNetwork),
        required=True,
        metadata={"description": "The networks that were refused most because of limits, without a key."},
    )
    suspended = fields.List(
        fields.Nested(Suspended), required=True, metadata={"description": "Stopped applications."}
    )
    blocked = fields.List(
        fields.Nested(Blocked), required=True, metadata={"description": "Blocked networks."}
    )


# --- products and subscriptions --------------------------------------------------------------------
