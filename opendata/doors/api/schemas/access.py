"""Applications, keys, members: what the API takes and answers."""

from typing import Any

from marshmallow import fields

from opendata.base.runtime import ROLES
from opendata.doors.api.schemas import base, stated
from opendata.doors.api.schemas.records import extended
from opendata.services.access.applications import ENVIRONMENTS
from opendata.services.access.policy import SCOPES
from opendata.services.access.teams import KINDS


def _scopes(description: str, **kwargs: Any) -> fields.Field[Any]:
    return fields.List(
        fields.String(validate=base.OneOf(SCOPES)),
        validate=base.Length(most=len(SCOPES)),
        metadata={"description": description},
        **kwargs,
    )


def _words(description: str, **kwargs: Any) -> fields.Field[Any]:
    return fields.List(
        base.Text(most=300),
        validate=base.Length(most=50),
        metadata={"description": description},
        **kwargs,
    )


def _role(**kwargs: Any) -> fields.String:
    return fields.String(
        required=True,
        validate=base.OneOf(ROLES),
        metadata={"description": "Each role can do all that those before it can."},
        **kwargs,
    )


# --- answers ---------------------------------------------------------------------------------------


class Me(base.Schema):
    """Who is asking, as the portal sees it."""

    kind = stated.text("anonymous, user, key or token.", example="key")
    name = stated.text("Name of the person or of the key.", nullable=True)
    scopes = _scopes("What the key or token may do; all for a signed-in browser.", required=True)
    application = stated.text("Id of the application.", nullable=True)
    credential = stated.text("Id of the key or token.", nullable=True)
    expires_at = stated.time("When the key or token ends.", nullable=True)


class Owner(base.Schema):
    """Who answers for an application: a person or an organisation."""

    kind = stated.text("user, department, company, university or other.")
    slug = stated.text("Address of the organisation; null for a person.", nullable=True)
    name = stated.text("Name of the organisation; null for a person.", nullable=True)


class Application(base.Schema):
    """An application with what its keys may do at most."""

    id = stated.text("Identifier; it never changes.", example="app_7Qm2xVb9LtRz4NcW8sYp1H")
    name = stated.text("Name, unique for its owner.")
    purpose = stated.text("What it is for.", nullable=True)
    contact_email = stated.text("Who to write to.", nullable=True)
    homepage = stated.text("Web address.", nullable=True)
    env = fields.String(
        required=True,
        validate=base.OneOf(ENVIRONMENTS),
        metadata={"description": "live, or test: reads only and counts in no public report."},
    )
    status = stated.text("active, suspended by an operator, or closed for good.")
    status_reason = stated.text("Why it is suspended or closed.", nullable=True)
    scopes = _scopes("What its keys and tokens may have at most.", required=True)
    owner = fields.Nested(Owner, required=True)
    created = stated.time("When it was made.")


class Key(base.Schema):
    """An API key; its secret is not kept."""

    id = stated.text("Identifier; it is no secret.", example="key_7Qm2xVb9LtRz4NcW8sYp1H")
    name = stated.text("What its owner calls it.")
    display = stated.text("The part of the secret that may be shown.", example="hpd_live_K7Qm2x…")
    state = stated.text("active, replaced (ends soon), expired or revoked.")
    scopes = _scopes("What it may be used for.", required=True)
    products = _words("Products it is bound to; empty for all.", required=True)
    cidrs = _words("Networks it may be used from; empty for any.", required=True)
    origins = _words("Pages it may be used from; empty for any.", required=True)
    created = stated.time("When it was made.")
    expires_at = stated.time("When it ends.")
    last_used_on = stated.text("Day of its last use.", nullable=True, example="2026-11-25")
    revoked_at = stated.time("When it was revoked.", nullable=True)
    revoked_reason = stated.text("Why.", nullable=True)
    replaced_by = stated.text("Id of the key that took its place.", nullable=True)


NewKeyAnswer = extended(
    Key,
    "NewKey",
    secret=stated.text("The key itself: shown here and never again.", example="hpd_live_…"),
)


class Revoked(base.Schema):
    """When a revocation holds everywhere."""

    effective_by = stated.time("By then every worker refuses the key.")


class Member(base.Schema):
    """A person in an organisation; for its members alone."""

    id = stated.text("Identifier of the person.")
    name = stated.text("Name.")
    email = stated.text("Address.")
    role = _role()


class Invitation(base.Schema):
    """Somebody who was asked in and has not answered."""

    id = stated.text("Name of the invitation; it opens nothing.")
    email = stated.text("Address it was sent to.")
    role = _role()
    expires = stated.time("When it ends.")


class Team(base.Schema):
    """An organisation the caller belongs to."""

    id = fields.UUID(required=True, metadata={"description": "Identifier; it never changes."})
    slug = stated.text("Address.")
    name = stated.text("Name.")
    kind = stated.text("department, company, university or other.")
    role = _role()


class Verdict(base.Schema):
    """What was found about a reported text."""

    token = stated.text("The part of the text that may be shown.", most=100)
    label = stated.text("true_positive or false_positive.")


# --- input -----------------------------------------------------------------------------------------


class ApplicationPatch(base.Schema):
    """What may be changed of an application."""

    name = base.Text(most=100, metadata={"description": "Name, unique for its owner."})
    purpose = base.Text(most=1000, allow_none=True, metadata={"description": "What it is for."})
    contact_email = base.Text(most=320, allow_none=True, metadata={"description": "Who to write to."})
    homepage = base.Text(most=2000, allow_none=True, metadata={"description": "Web address."})
    scopes = _scopes("What its keys and tokens may have at most.")


NewApplication = extended(
    ApplicationPatch,
    "NewApplication",
    name=base.Text(
        most=100,
        required=True,
        metadata={"description": "Name, unique for its owner.", "example": "Bản đồ xe buýt"},
    ),
    env=fields.String(
        load_default="live",
        validate=base.OneOf(ENVIRONMENTS),
        metadata={"description": "live, or test: reads only and counts in no public report."},
    ),
    organization=base.Text(
        most=200,
        metadata={"description": "Id or slug of the organisation that owns it; the caller unless said."},
    ),
)


class KeyPatch(base.Schema):
    """What may be changed of a key."""

    name = base.Text(most=100, metadata={"description": "What its owner calls it."})
    scopes = _scopes("What it may be used for.")
    products = _words(
        "Slugs of products the application is subscribed to: it is good for what these cover alone, while "
        "the subscriptions are active; empty for all."
    )
    cidrs = _words("Networks it may be used from; empty for any.")
    origins = _words("Pages it may be used from, `https://app.example`; weak: other programs can pretend.")


NewKey = extended(
    KeyPatch,
    "NewKeyInput",
    name=base.Text(
        most=100, required=True, metadata={"description": "What its owner calls it.", "example": "Máy chủ 1"}
    ),
    expires_at=fields.AwareDateTime(
        metadata={
            "description": "When it ends; in twelve months unless said, in 24 at the latest.",
            **stated.TIME,
        }
    ),
)


class Rotation(base.Schema):
    """How the old key ends."""

    overlap_hours = fields.Integer(
        strict=True,
        load_default=24,
        validate=base.Between(0, 168),
        metadata={"description": "Hours both keys work."},
    )


class Reason(base.Schema):
    """Why; operators have to say it about what is not their own."""

    reason = base.Text(most=500, load_default="", metadata={"description": "Kept with the change."})


class NewTeam(base.Schema):
    """An organisation of developers."""

    name = base.Text(most=200, required=True, metadata={"description": "Its name."})
    kind = fields.String(
        load_default="company", validate=base.OneOf(KINDS), metadata={"description": "What it is."}
    )


class RoleInput(base.Schema):
    """A role in an organisation."""

    role = _role()


class NewInvitation(RoleInput):
    """Somebody to ask in."""

    email = base.Text(most=320, required=True, metadata={"description": "Address the mail goes to."})


class Leak(base.Schema):
    """A text that looks like a key of ours and was found in public."""

    token = base.Text(most=200, required=True, metadata={"description": "What was found."})
    type = base.Text(most=100, load_default="", metadata={"description": "What the finder takes it for."})
    url = base.Text(most=2000, load_default="", metadata={"description": "Where it was found."})
    source = base.Text(most=100, load_default="", metadata={"description": "Kind of place."})
