"""draft -> submitted -> returned | published -> withdrawn; every step is checked, audited and revised."""

from opendata.base.formats.record import DatasetRecord
from opendata.base.kit.errors import N_, Conflict, NotAllowed
from opendata.base.kit.vietnamese import clean
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import Dataset
from opendata.base.runtime import Work
from opendata.services.access import policy
from opendata.services.access.policy import Action
from opendata.services.catalog import datasets, gate


class WrongState(Conflict):
    code = "wrong_state"
    message = N_("Bộ dữ liệu đang ở trạng thái không cho phép bước này.")


class SecondPersonRequired(NotAllowed):
    code = "second_person_required"
    message = N_("Cơ quan này yêu cầu người khác với người gửi phê duyệt.")


class NoteRequired(Conflict):
    code = "note_required"
    status = 422
    message = N_("Vui lòng ghi lý do.")


FROM = {
    "submit": {"draft", "returned"},
    "return": {"submitted"},
    "publish": {"draft", "submitted", "returned", "withdrawn"},
    "withdraw": {"published"},
}


def submit(work: Work, dataset: Dataset, *, note: str | None = None) -> None:
    """Hand a complete draft to the reviewers. Raises `NotPublishable` naming what is missing."""
    policy.require(work.caller, Action.SUBMIT, dataset.publisher_id)
    _require_state(dataset, "submit")
    _require_gate(work, dataset)
    dataset.submitted_by = work.caller.user_id
    _move(work, dataset, "submitted", "submit", note)


def send_back(work: Work, dataset: Dataset, *, note: str | None) -> None:
    """Return a submitted dataset to the department; the note says what to mend."""
    policy.require(work.caller, Action.RETURN, dataset.publisher_id)
    _require_state(dataset, "return")
    _require_note(note)
    _move(work, dataset, "returned", "return", note)


def publish(
    work: Work, dataset: Dataset, *, note: str | None = None, record: DatasetRecord | None = None
) -> None:
    """Make it public. `record` is the description where the caller has just written it.

    Raises `NotPublishable`, `SecondPersonRequired`, `WrongState`.
    """
    policy.require(work.caller, Action.PUBLISH, dataset.publisher_id)
    _require_state(dataset, "publish")
    record = record or datasets.record_of(work, dataset)
    gate.require(record, work.part(Vocabularies))
    _require_second_person(work, dataset)
    if dataset.first_published is None:
        dataset.first_published = work.now
    _move(work, dataset, "published", "publish", note, record=record)


def withdraw(work: Work, dataset: Dataset, *, note: str | None) -> None:
    """Take it from the public; the note says why."""
    policy.require(work.caller, Action.WITHDRAW, dataset.publisher_id)
    _require_state(dataset, "withdraw")
    _require_note(note)
    _move(work, dataset, "withdrawn", "withdraw", note)


def possible(work: Work, dataset: Dataset) -> list[str]:
    """The steps this caller may take now, in the order a page offers them."""
    actions = {
        "submit": Action.SUBMIT,
        "return": Action.RETURN,
        "publish": Action.PUBLISH,
        "withdraw": Action.WITHDRAW,
    }
    return [
        step
        for step, action in actions.items()
        if dataset.state in FROM[step] and policy.allows(work.caller, action, dataset.publisher_id)
    ]


def _move(
    work: Work,
    dataset: Dataset,
    state: str,
    step: str,
    note: str | None,
    *,
    record: DatasetRecord | None = None,
) -> None:
    note = clean(note, multiline=True) if note else None
    dataset.state = state
    dataset.note = note
    datasets.touch(work, dataset, step, note=note, record=record)


def _require_state(dataset: Dataset, step: str) -> None:
    if dataset.state not in FROM[step]:
        raise WrongState


def _require_note(note: str | None) -> None:
    if not (note or "").strip():
        raise NoteRequired


def _require_gate(work: Work, dataset: Dataset) -> None:
    gate.require(datasets.record_of(work, dataset), work.part(Vocabularies))


def _require_second_person(work: Work, dataset: Dataset) -> None:
    """Harvests are approved with their source, so the rule binds people only."""
    if work.caller.kind != "user" or not datasets.publisher_of(work, dataset).second_approval:
        return
    if dataset.submitted_by is None or dataset.submitted_by == work.caller.user_id:
        raise SecondPersonRequired
