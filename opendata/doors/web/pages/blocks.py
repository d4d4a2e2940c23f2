"""Blocked networks, for operators."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import OpenDataError
from opendata.base.models import NetworkBlock, User
from opendata.base.runtime import Work
from opendata.doors.http import address
from opendata.doors.http.context import caller, reading
from opendata.doors.http.permissions import permission
from opendata.doors.web import display, forms, steps
from opendata.doors.web.rendering import form_page
from opendata.services.access import blocks, policy
from opendata.services.access.policy import Action

blueprint = Blueprint("blocks", __name__)


@blueprint.get("/operator/blocks")
@permission(Action.PLATFORM)
def listing() -> Response:
    return _listing()


def _listing(error: OpenDataError | None = None) -> Response:
    policy.require(caller(), Action.PLATFORM)
    with reading() as work:
        rows = [_row(work, block) for block in blocks.listing(work)]
    return form_page(
        "operator/blocks.html",
        nav="blocks",
        blocks=rows,
        values=request.form,
        **steps.told(error),
    )


def _row(work: Work, block: NetworkBlock) -> dict[str, Any]:
    by = work.session.get(User, block.by_id) if block.by_id else None
    fields = ("id", "network", "reason", "created", "until", "refused", "refused_at")
    return {name: getattr(block, name) for name in fields} | {"by": by.name if by else ""}


@blueprint.post("/operator/blocks")
@permission(Action.PLATFORM)
def act() -> BaseResponse:
    policy.require(caller(), Action.PLATFORM)
    return steps.taken(
        steps.chosen(STEPS), done=lambda _: redirect(display.to("blocks"), 303), failed=_listing
    )


def _block(work: Work) -> None:
    form = request.form
    hours = form.get("hours", "")
    blocks.block(
        work,
        form.get("network", ""),
        form.get("reason", ""),
        hours=forms.whole(hours, -1) if hours else None,
        own=address.client(),
    )


def _lift(work: Work) -> None:
    number = request.form.get("block", "")
    blocks.lift(work, number, request.form.get(f"why-{number}", ""))


STEPS: Mapping[str, Callable[[Work], None]] = {"block": _block, "lift": _lift}
