"""Blocked networks, for operators."""

from typing import Any

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import N_, Invalid, OpenDataError
from opendata.base.models import NetworkBlock, User
from opendata.base.runtime import Work
from opendata.doors.http import address
from opendata.doors.http.context import caller, reading, writing
from opendata.doors.http.permissions import permission
from opendata.doors.http.problems import field_sentences, sentence
from opendata.doors.web import display, forms
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
    errors = field_sentences(error) if error else {}
    return form_page(
        "operator/blocks.html",
        nav="blocks",
        status=error.status if error else 200,
        blocks=rows,
        values=request.form,
        errors=errors,
        error=sentence(error) if error and not errors else "",
    )


def _row(work: Work, block: NetworkBlock) -> dict[str, Any]:
    by = work.session.get(User, block.by_id) if block.by_id else None
    fields = ("id", "network", "reason", "created", "until")
    return {name: getattr(block, name) for name in fields} | {"by": by.name if by else ""}


@blueprint.post("/operator/blocks")
@permission(Action.PLATFORM)
def act() -> BaseResponse:
    policy.require(caller(), Action.PLATFORM)
    form = request.form
    try:
        with writing() as work:
            if form.get("action") == "lift":
                number = form.get("block", "")
                blocks.lift(work, number, form.get(f"why-{number}", ""))
            elif form.get("action") == "block":
                hours = form.get("hours", "")
                blocks.block(
                    work,
                    form.get("network", ""),
                    form.get("reason", ""),
                    hours=forms.whole(hours, -1) if hours else None,
                    own=address.client(),
                )
            else:
                raise Invalid(fields={"action": N_("Không có bước này.")})
    except OpenDataError as error:
        if error.status in {401, 404}:
            raise
        return _listing(error)
    return redirect(display.to("blocks"), 303)
