"""What partner services tell us: secrets of ours that were found in public."""

from typing import Any

from flask import Response, request

from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import access as schemas
from opendata.doors.http import answers
from opendata.doors.http.context import platform, writing
from opendata.doors.http.permissions import ANYONE
from opendata.services.access import leaks

blueprint = Blueprint(
    "integrations", __name__, url_prefix="/integrations", description="For partner services."
)
PARTNER_HEADER = "X-Key-Identifier"
SIGNATURE_HEADER = "X-Key-Signature"


def _header(name: str, text: str) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 2000}
    return {"in": "header", "name": name, "required": True, "schema": schema, "description": text}


@blueprint.operation(
    "POST",
    "/leaks",
    allows=ANYONE,
    scope="",
    body=schemas.Leak(many=True),
    answer=schemas.Verdict(many=True),
    errors=(401, 403),
    parameters=[
        _header(PARTNER_HEADER, "Name of the partner's public key."),
        _header(SIGNATURE_HEADER, "ECDSA P-256 signature over SHA-256 of the body, DER in base64."),
    ],
)
def report_leaks(body: list[dict[str, Any]]) -> Response:
    """Report keys and other secrets found in public.

    The body is signed by the partner. What is ours ends at once and its owners are told: keys, client
    secrets, refresh tokens with all that came of the same consent, initial access tokens, registration
    access tokens; webhook secrets are replaced. The answer says of each text whether it was one.
    """
    leaks.require_signed(
        platform().settings.leak_partners,
        request.headers.get(PARTNER_HEADER, ""),
        request.headers.get(SIGNATURE_HEADER, ""),
        request.get_data(),
    )
    with writing() as work:
        verdicts = leaks.report(work, request.headers[PARTNER_HEADER], body[: leaks.MOST])
    response = answers.json(verdicts)
    response.headers["Cache-Control"] = "no-store"
    return response
