"""What was given up is found by its name, whatever somebody types."""

import pytest

from opendata.base.kit.errors import NotFound
from opendata.base.runtime import SYSTEM
from opendata.services.access import given_up
from opendata.testing.web import City


@pytest.mark.parametrize("name", ["", "0", "-1", "٣", str(2**31 - 1), str(2**31), "9" * 18, "9" * 5000, "x"])
def test_a_name_nothing_has_is_not_found_on_any_database(city: City, name: str) -> None:
    with city.platform.read(SYSTEM) as work, pytest.raises(NotFound):
        given_up.get(work, name)
