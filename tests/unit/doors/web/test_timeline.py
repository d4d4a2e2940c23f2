"""The history in words a department reads."""

import pytest

from opendata.base.models import DatasetRevision
from opendata.doors.web.timeline import changes_view, timeline

FILE = {"id": None, "title": {"vi": "bai.csv"}, "description": {}, "format": "CSV", "sha256": "a" * 64}


@pytest.mark.parametrize("action", ["create", "edit", "add_file", "add_link", "replace_file", "remove_file"])
def test_every_step_has_a_name(action: str) -> None:
    (shown,) = timeline([DatasetRevision(action=action, by_name="Biên tập", changes=[])])
    assert shown["action"] != action


def test_a_file_is_named_and_not_spelled_out() -> None:
    (shown,) = changes_view([{"path": "resources", "before": [], "after": [FILE]}])
    assert (shown["label"], shown["after"]) == ("Tệp dữ liệu", "bai.csv, CSV")


def test_what_holds_nothing_is_left_out() -> None:
    (shown,) = changes_view(
        [{"path": "contact.0", "before": None, "after": {"email": "a@b.vn", "phone": None}}]
    )
    assert shown["after"] == "email: a@b.vn"
