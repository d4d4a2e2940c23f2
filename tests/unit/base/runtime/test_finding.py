"""What is found by an id: no text that is no id reaches the database."""

from typing import Any

import pytest

from opendata.base.models import NetworkBlock
from opendata.base.runtime import SYSTEM, Work

ID = "6d0a1f3e-5a0b-4c0e-9a44-0c7f2f9b7a10"


class Session:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, model: type, key: str, **_options: Any) -> object:
        self.asked.append(key)
        return model


@pytest.mark.parametrize(
    "text", ["", "x", "0", "a\x00b", ID[:-1], ID + "0", f"{{{ID}}}", ID.replace("-", "")]
)
def test_a_text_that_is_no_id_is_not_looked_for(text: str) -> None:
    session = Session()
    assert Work(None, session, SYSTEM).find(NetworkBlock, text) is None  # type: ignore[arg-type]
    assert session.asked == []


def test_an_id_is_found_however_its_letters_are_written() -> None:
    session = Session()
    work = Work(None, session, SYSTEM)  # type: ignore[arg-type]
    assert work.find(NetworkBlock, ID) is work.find(NetworkBlock, ID.upper()) is NetworkBlock
    assert session.asked == [ID, ID]
