"""Files and links of a dataset, changed one at a time. Each change is an edit of the dataset."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from opendata.base.formats.record import Kind, LangText, ResourceRecord
from opendata.base.kit.errors import N_, Invalid, NotFound
from opendata.base.models import Dataset
from opendata.base.runtime import Work
from opendata.services.catalog import datasets
from opendata.services.catalog.entry import is_web_address
from opendata.services.catalog.files import Intake

Resources = tuple[ResourceRecord, ...]


def add_file(work: Work, dataset: Dataset, stored: Intake, *, title: LangText | None = None) -> None:
    """A stored file as a new resource at the end; its name serves as the title where none is given.

    In a draft, rows make it a table, whose dictionary publication will ask for. In a published dataset
    it is a file until somebody has described its columns.
    """
    named = {language: text for language, text in (title or {}).items() if text}
    shown = {"vi": stored.file_name} | named
    kind: Kind = "table" if stored.columns and dataset.state != "published" else "file"
    added = stored.describe(ResourceRecord(title=shown, kind=kind, modified=_today(work)))
    _change(work, dataset, lambda known: (*known, added), "add_file")


def add_link(
    work: Work,
    dataset: Dataset,
    url: str,
    *,
    format: str | None,  # noqa: A002  # the word of the field
    title: LangText | None = None,
) -> None:
    """A link to data that lies elsewhere. Raises `Invalid` for what is no web address."""
    if not is_web_address(url):
        raise Invalid(fields={"access_url": N_("Địa chỉ phải bắt đầu bằng http:// hoặc https://.")})
    named = {language: text for language, text in (title or {}).items() if text}
    added = ResourceRecord(title={"vi": url} | named, kind="link", access_url=url, format=format or None)
    _change(work, dataset, lambda known: (*known, added), "add_link")


def replace_file(work: Work, dataset: Dataset, resource_id: str, stored: Intake) -> None:
    """New bytes under the same id, titles and dictionary; columns the file no longer has go."""
    present = set(stored.columns)

    def renewed(record: ResourceRecord) -> ResourceRecord:
        kept = tuple(column for column in record.columns if column.name in present)
        return replace(stored.describe(replace(record, columns=kept)), modified=_today(work))

    _change_one(work, dataset, resource_id, renewed, "replace_file")


def describe(work: Work, dataset: Dataset, record: ResourceRecord) -> None:
    """Change the description of the resource `record.id`."""
    _change_one(work, dataset, record.id or "", lambda _known: record, "edit")


def remove(work: Work, dataset: Dataset, resource_id: str) -> None:
    """Take a resource away; its file goes when nothing refers to it any more."""
    known = datasets.record_of(work, dataset).resources
    if all(resource.id != resource_id for resource in known):
        raise NotFound
    _change(work, dataset, lambda items: tuple(r for r in items if r.id != resource_id), "remove_file")


def _change_one(
    work: Work,
    dataset: Dataset,
    resource_id: str,
    change: Callable[[ResourceRecord], ResourceRecord],
    action: str,
) -> None:
    known = datasets.record_of(work, dataset).resources
    if all(resource.id != resource_id for resource in known):
        raise NotFound
    _change(
        work, dataset, lambda items: tuple(change(r) if r.id == resource_id else r for r in items), action
    )


def _change(
    work: Work, dataset: Dataset, change: Callable[[Resources], Iterable[ResourceRecord]], action: str
) -> None:
    record = datasets.record_of(work, dataset)
    datasets.edit(work, dataset, replace(record, resources=tuple(change(record.resources))), action=action)


def _today(work: Work) -> str:
    return work.now.strftime("%Y-%m-%dT%H:%M:%SZ")
