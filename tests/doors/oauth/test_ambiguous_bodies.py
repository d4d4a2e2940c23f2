"""What two readers could understand differently registers nobody."""

import pytest

from opendata.base.models import Organization
from opendata.services.access import people
from opendata.services.access.oauth import registration

ONE, ANOTHER = '"redirect_uris": ["https://one.example/cb"]', '"redirect_uris": ["https://two.example/cb"]'


@pytest.fixture
def ticket(office):
    with office.platform.work() as work:
        user = people.by_id(work, office.city.users["admin"])
        user.confirmed_at = work.now
        work.caller = people.caller_of(work, user)
        return registration.invite(work, work.session.get_one(Organization, office.city.own), uses=2)


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        (f'{{"client_name": "Xe", {ONE}}}', 201),
        (f'{{"client_name": "Xe", {ONE}, {ANOTHER}}}', 400),
    ],
    ids=["once", "twice"],
)
def test_metadata_is_named_once(office, ticket, metadata, status):
    answer = office.city.app.test_client().post(
        "/oauth/register",
        data=metadata,
        content_type="application/json",
        headers={"Authorization": f"Bearer {ticket}"},
    )
    assert answer.status_code == status
