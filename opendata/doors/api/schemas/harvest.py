"""Harvest sources, runs, records and events as the API shows them."""

from typing import Any

from marshmallow import INCLUDE, fields

from opendata.doors.api.schemas import base, queries, stated
from opendata.doors.api.schemas.outputs import OrganizationReference
from opendata.services.harvest import known, runs

RUN_STATES = (*runs.ACTIVE, "awaiting_approval", *runs.FINISHED)
SOURCE_STATES = ("draft", "accepted", "refused", "paused", "retired")


def _free(description: str, *, nullable: bool = False) -> fields.Field[Any]:
    return fields.Dict(
        keys=fields.String(), required=True, allow_none=nullable, metadata={"description": description}
    )


class Records(queries.Paged):
    """Records of a source."""

    state = fields.String(validate=base.OneOf(known.STATES), metadata={"description": "Only these."})


class Runs(queries.Paged):
    """Runs of all sources."""

    state = fields.String(validate=base.OneOf(RUN_STATES), metadata={"description": "Only these."})


class HarvestRun(base.Schema):
    """One reading of a source."""

    id = fields.UUID(required=True)
    source_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=base.OneOf(runs.KINDS))
    state = fields.String(required=True, validate=base.OneOf(RUN_STATES))
    phase = stated.text("What it is doing.", nullable=True)
    complete = base.Flag(required=True, metadata={"description": "The source was read to its proven end."})
    counts = _free("Records by class and by outcome.")
    proof = _free("Why the reading counts as complete or not.", nullable=True)
    result = _free("What a preview found, with samples of each kind of change.", nullable=True)
    error_code = stated.prose("Why it failed.", nullable=True)
    preview_of = stated.text("The preview it carries out.", nullable=True)
    queued = stated.text()
    started = stated.text(nullable=True)
    ended = stated.text(nullable=True)


class HarvestSource(base.Schema):
    """A place data is harvested from."""

    id = fields.UUID(required=True)
    slug = stated.text()
    title = stated.prose()
    type = stated.text("Name of the harvester.")
    url = stated.prose()
    state = fields.String(required=True, validate=base.OneOf(SOURCE_STATES))
    organization = fields.Nested(OrganizationReference, required=True)
    config = _free("Settings of the harvester, without secrets.")
    secrets = fields.List(fields.String(), required=True, metadata={"description": "Secrets that are set."})
    schedule = stated.text(nullable=True)
    next_due = stated.text(nullable=True)
    last_complete = stated.text("When it was last read to its end.", nullable=True)
    datasets = stated.count("Datasets that come from it.")
    quarantined = stated.count("Records that could not be taken over.")
    last_run = fields.Nested(HarvestRun, required=True, allow_none=True)


class HarvestProblem(base.Schema):
    """What is wrong with a record."""

    class Meta:
        unknown = INCLUDE

    code = stated.text()


class HarvestRecord(base.Schema):
    """What is known of one record of a source."""

    guid = stated.prose("Identifier at the source.")
    state = fields.String(required=True, validate=base.OneOf(known.STATES))
    dataset_id = stated.text("The dataset it became.", nullable=True)
    url = stated.prose(nullable=True)
    first_seen = stated.text()
    last_seen = stated.text()
    last_changed = stated.text()
    run_id = stated.text("The run that last changed it.", nullable=True)
    problems = fields.List(fields.Nested(HarvestProblem), required=True)


class HarvestEvent(base.Schema):
    """Something a run met."""

    at = stated.text()
    severity = stated.text()
    code = stated.text()
    guid = stated.prose("The record it concerns.", nullable=True)
    path = stated.prose("Place in the record.", nullable=True)
    message = stated.prose(nullable=True)
