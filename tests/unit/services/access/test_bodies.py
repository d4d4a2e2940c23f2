"""In which organisations a caller may do something."""

from opendata.base.runtime import Caller
from opendata.services.access import policy
from opendata.services.access.policy import Action

PERSON = Caller(
    kind="user",
    user_id="u",
    roles={"bureau": "admin", "port": "editor"},
    teams={"startup": "admin", "club": "member"},
)


def test_teams_count_for_what_is_theirs_alone() -> None:
    assert policy.bodies(PERSON, Action.ORGANIZATION_EDIT) == ["bureau"]
    assert policy.bodies(PERSON, Action.APPLICATION_EDIT) == ["bureau", "port", "startup"]


def test_a_key_acts_nowhere_without_the_scope() -> None:
    key = Caller(kind="key", user_id="u", roles=PERSON.roles, scopes=frozenset({"read"}))
    assert policy.bodies(key, Action.ORGANIZATION_EDIT) == []
