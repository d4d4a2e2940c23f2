"""What operators do at once: block a network and let it in again."""

from collections.abc import Mapping
from typing import Any

from flask import Response

from opendata.base.models import NetworkBlock
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import notices as schemas
from opendata.doors.api.schemas import outputs
from opendata.doors.http import address, answers
from opendata.doors.http.context import reading, writing
from opendata.services.access import blocks, policy
from opendata.services.access.policy import Action
from opendata.services.catalog.documents import stamp

blueprint = Blueprint("operator", __name__, url_prefix="/network-blocks", description="Blocked networks.")


@blueprint.operation("GET", "", allows=Action.PLATFORM, answer=outputs.listing(schemas.NetworkBlock))
def list_blocks() -> Response:
    """List the blocked networks, newest first.

    For operators.
    """
    with reading() as work:
        data = [_block(row) for row in blocks.listing(work)]
    return lists.answer(data, total=len(data))


@blueprint.operation(
    "POST",
    "",
    allows=Action.PLATFORM,
    body=schemas.NewNetworkBlock,
    answer=schemas.NetworkBlock,
    status=201,
)
def block_network(body: Mapping[str, Any]) -> Response:
    """Block a network.

    For operators. In force in every worker within two seconds.
    """
    with writing() as work:
        policy.require(work.caller, Action.PLATFORM)
        made = blocks.block(work, body["network"], body["reason"], hours=body["hours"], own=address.client())
        value = _block(made)
    return answers.json(value, status=201)


@blueprint.operation(
    "DELETE",
    "/<block_id>",
    allows=Action.PLATFORM,
    body=schemas.WhyLifted,
    answer=schemas.NetworkBlock,
    errors=(404,),
)
def lift_block(block_id: str, body: Mapping[str, Any]) -> Response:
    """Let a blocked network in again.

    For operators, who have to say why.
    """
    with writing() as work:
        policy.require(work.caller, Action.PLATFORM)
        value = _block(blocks.lift(work, block_id, body["reason"]))
    return answers.json(value)


def _block(row: NetworkBlock) -> dict[str, Any]:
    return {
        "id": row.id,
        "network": row.network,
        "reason": row.reason,
        "created": stamp(row.created),
        "until": stamp(row.until),
        "refused": row.refused,
        "refused_at": stamp(row.refused_at),
    }
