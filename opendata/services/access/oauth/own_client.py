"""The client of the command line, which every installation has from its first day.

It belongs to an organisation that stands for the portal itself and has no members. It may be given every
scope: what a token of it can do is bounded by the person who signs in, and so is how much.
"""

from sqlalchemy import select

from opendata.base.kit import base62
from opendata.base.kit.ids import new_id
from opendata.base.kit.vietnamese import sort_key
from opendata.base.models import Application, OAuthClient, Organization
from opendata.base.runtime import Work
from opendata.services.access import audit
from opendata.services.access.changes import next_version
from opendata.services.access.oauth import addresses
from opendata.services.access.policy import SCOPES

CLIENT_ID = "opendata-cli"
OWNER_SLUG = "opendata-portal"
NAME = "opendata login"


def seed(work: Work) -> bool:
    """Make the client where there is none of this name, whoever made it; whether it was made now."""
    if work.session.get(OAuthClient, CLIENT_ID) is not None:
        return False
    owner = _portal(work)
    application = Application(
        id=f"app_{base62.draw(22)}",
        version=next_version(work),
        owner_org_id=owner.id,
        name=NAME,
        env="live",
        status="active",
        scopes=list(SCOPES),
        created=work.now,
    )
    work.session.add(application)
    work.session.flush()
    work.session.add(
        OAuthClient(
            id=CLIENT_ID,
            application_id=application.id,
            version=next_version(work),
            type="public",
            auth_method="none",
            name=NAME,
            grants=[addresses.DEVICE, addresses.REFRESH],
            scopes=list(SCOPES),
            created=work.now,
            metadata_={},
        )
    )
    work.session.flush()
    audit.record(work, "client.create", "client", CLIENT_ID, {"by": "installation"})
    return True


def _portal(work: Work) -> Organization:
    """The portal as an owner of applications: no department, nobody's team."""
    found = work.session.scalar(select(Organization).where(Organization.slug == OWNER_SLUG))
    if found is not None:
        return found
    settings = work.platform.settings
    made = Organization(
        id=new_id(),
        slug=OWNER_SLUG,
        name={"vi": settings.portal_name_vi, "en": settings.portal_name_en},
        description={},
        kind="other",
        level="other",
        sort_key=sort_key(settings.portal_name_vi),
        modified=work.now,
    )
    work.session.add(made)
    work.session.flush()
    return made
