"""Names of administrative units to codes over REST."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Response

from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import outputs, queries
from opendata.doors.http.permissions import ANYONE
from opendata.services.catalog.query.places import gazetteer

blueprint = Blueprint(
    "places", __name__, url_prefix="/places", description="Wards, communes and their codes."
)


@blueprint.operation(
    "GET",
    "",
    allows=ANYONE,
    query=queries.Place,
    answer=outputs.listing(outputs.Place, "Places", outputs.PlacesMeta),
)
def resolve(query: Mapping[str, Any]) -> Response:
    """Resolve the name of a place.

    To codes of the units in force since July 2025, best first; never a silent guess: `meta.code` is empty
    where the name fits several equally well.
    """
    found = gazetteer().resolve(query["q"])
    data = [asdict(candidate) for candidate in found.candidates]
    return lists.answer(data, total=len(data), meta={"code": found.code, "ranked": found.ranked})
