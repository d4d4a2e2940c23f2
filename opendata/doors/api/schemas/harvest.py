"""Harvest sources, runs, records and events as the API shows them."""

from typing import Any

from marshmallow import INCLUDE, fields

from opendata.doors.api.schemas import base, queries
from opendata.doors.api.schemas.outputs import OrganizationReference
from opendata.services.harvest import known, runs

RUN_STATES = (*runs.ACTIVE, "awaiting_approval", *runs.FINISHED)
SOURCE_STATES = ("draft", "accepted", "refused", "paused", "retired")


def _text(description: str = "", *, nullable: bool = False) -> fields.Field[Any]:
    return base.Text(most=100_000, required=True, allow_none=nullable, metadata={"description": description})


def _count(description: str = "") -> fields.Field[Any]:
    return fields.Integer(required=True, metadata={"description": description})


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
    phase = _text("What it is doing.", nullable=True)
    complete = base.Flag(required=True, metadata={"description": "The source was read to its proven end."})
    counts = _free("Records by class and by outcome.")
    proof = _free("Why the reading counts as complete or not.", nullable=True)
    result = _free("What a preview found, with samples of each kind of change.", nullable=True)
    error_code = _text("Why it failed.", nullable=True)
    preview_of = _text("The preview it carries out.", nullable=True)
    queued = _text()
    started = _text(nullable=True)
    ended = _text(nullable=True)


class HarvestSource(base.Schema):
    """A place data is harvested from."""

    id = fields.UUID(required=True)
    slug = _text()
    title = _text()
    type = _text("Name of the harvester.")
    url = _text()
    state = fields.String(required=True, validate=base.OneOf(SOURCE_STATES))
    organization = fields.Nested(OrganizationReference, required=True)
    config = _free("Settings of the harvester, without secrets.")
    secrets = fields.List(fields.String(), required=True, metadata={"description": "Secrets that are set."})
    schedule = _text(nullable=True)
    next_due = _text(nullable=True)
    last_complete = _text("When it was last read to its end.", nullable=True)
    datasets = _count("Datasets that come from it.")
    quarantined = _count("Records that could not be taken over.")
    last_run = fields.Nested(HarvestRun, required=True, allow_none=True)


class HarvestProblem(base.Schema):
    """What is wrong with a record."""

    class Meta:
        unknown = INCLUDE

    code = _text()


class HarvestRecord(base.Schema):
    """What is known of one record of a source."""

    guid = _text("Identifier at the source.")
    state = fields.String(required=True, validate=base.OneOf(known.STATES))
    dataset_id = _text("The dataset it became.", nullable=True)
    url = _text(nullable=True)
    first_seen = _text()
    last_seen = _text()
    last_changed = _text()
    run_id = _text("The run that last changed it.", nullable=True)
    problems = fields.List(fields.Nested(HarvestProblem), required=True)


class HarvestEvent(base.Schema):
    """Something a run met."""

    at = _text()
    severity = _text()
    code = _text()
    guid = _text("The record it concerns.", nullable=True)
    path = _text("Place in the record.", nullable=True)
    message = _text(nullable=True)
