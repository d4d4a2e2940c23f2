"""Reads answered from prebuilt documents: one statement, no ORM objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson
from sqlalchemy import bindparam, select

from opendata.base.kit.errors import NotFound, OpenDataError
from opendata.base.kit.ids import is_id
from opendata.base.models import Dataset, DatasetDocument, FormerSlug, Resource
from opendata.base.runtime import Work
from opendata.services.access import policy
from opendata.services.access.policy import Action

RESTRICTED = ("columns", "rows", "download_url", "sha256", "byte_size")
"""What a resource that is not public keeps from outsiders."""


# Built once and run below the ORM: this statement is most of what answering from a document costs.
_STORED = select(
    DatasetDocument.dataset_id,
    DatasetDocument.slug,
    DatasetDocument.body,
    DatasetDocument.etag,
    DatasetDocument.visibility,
)
_BY_ID = _STORED.where(DatasetDocument.dataset_id == bindparam("asked"))
_BY_SLUG = _STORED.where(DatasetDocument.slug == bindparam("asked"))


class Moved(OpenDataError):
    """Asked for by an address it has no longer; `slug` is the present one."""

    code = "moved"
    status = 301

    @property
    def slug(self) -> str:
        return cast("str", self.params["slug"])


@dataclass(frozen=True, slots=True)
class Document:
    """`body` is UTF-8 JSON, `value` the same parsed."""

    body: bytes
    etag: str
    slug: str

    @property
    def value(self) -> dict[str, Any]:
        return cast("dict[str, Any]", orjson.loads(self.body))

    @property
    def synthetic(self) -> str | None:
        """How far the data is made up, see `synthetic_mark`. Parses only where it may be."""
        marked = b'"synthetic":true' in self.body or b'"synthetic_columns":["' in self.body
        return synthetic_mark(self.value) if marked else None


def synthetic_mark(dataset: Mapping[str, Any]) -> str | None:
    """ "true" for made-up data, "partial" for made-up columns, else None: the value of `X-Data-Synthetic`."""
    if dataset.get("synthetic"):
        return "true"
    return "partial" if dataset.get("synthetic_columns") else None


def dataset(work: Work, id_or_slug: str) -> Document:
    """The document of a dataset the caller may see. Raises `NotFound`, or `Moved` for a former slug."""
    by_id = is_id(id_or_slug)
    asked = {"asked": id_or_slug.lower() if by_id else id_or_slug}
    row = work.session.connection().execute(_BY_ID if by_id else _BY_SLUG, asked).first()
    if row is None:
        raise _moved(work, id_or_slug)
    if not policy.sees(work.caller, row.visibility):
        raise NotFound
    return _projected(work, Document(row.body, row.etag, row.slug))


def _moved(work: Work, slug: str) -> OpenDataError:
    present = work.session.execute(
        select(DatasetDocument.slug, DatasetDocument.visibility)
        .join(FormerSlug, FormerSlug.object_id == DatasetDocument.dataset_id)
        .where(FormerSlug.kind == "dataset", FormerSlug.slug == slug)
    ).first()
    if present is None or not policy.sees(work.caller, present.visibility):
        return NotFound()
    return Moved(slug=present.slug)


def _projected(work: Work, document: Document) -> Document:
    """Public documents pass as stored; the others lose what an outsider may not see."""
    if (
        b'"access_level":"conditional"' not in document.body
        and b'"access_level":"non_public"' not in document.body
    ):
        return document
    value = document.value
    if policy.allows(work.caller, Action.DOWNLOAD_RESTRICTED, value["publisher"]["id"]):
        return document
    for resource in value["resources"]:
        if is_restricted(value, resource):
            resource.update({name: [] if name == "columns" else None for name in RESTRICTED})
    return Document(orjson.dumps(value), document.etag + "-p", document.slug)


def is_restricted(document: Mapping[str, Any], resource: Mapping[str, Any]) -> bool:
    """The stricter of the levels of dataset and resource decides."""
    levels = {document.get("access_level"), resource.get("access_level")} - {None}
    return bool(levels - {"public"})


def resource(work: Work, resource_id: str) -> tuple[Document, dict[str, Any]]:
    """(document of the dataset, the resource in it). Raises `NotFound`."""
    resource_id = _id(resource_id)
    dataset_id = work.session.scalar(select(Resource.dataset_id).where(Resource.id == resource_id))
    if dataset_id is None:
        raise NotFound
    document = dataset(work, dataset_id)
    found = next((item for item in document.value["resources"] if item["id"] == resource_id), None)
    if found is None:
        raise NotFound
    return document, found


def _id(text: str) -> str:
    """As ids are stored: in small letters. Raises `NotFound` for a text that is none."""
    if not is_id(text):
        raise NotFound
    return text.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """What to send for a stored file. `synthetic` is "true", "partial" or None; `public` says that
    anybody may have it, `encoding` is the measured charset of a text."""

    sha256: str
    size: int
    name: str
    format: str | None
    synthetic: str | None = None
    encoding: str | None = None
    public: bool = False


def download(work: Work, resource_id: str) -> Download:
    """The stored file of a resource the caller may have. Raises `NotFound`, `NotAllowed`."""
    resource_id = _id(resource_id)
    row = work.session.execute(
        select(
            Resource.sha256,
            Resource.byte_size,
            Resource.file_name,
            Resource.format,
            Resource.access_level,
            Resource.content,
            Dataset.visibility,
            Dataset.access_level.label("dataset_level"),
            Dataset.publisher_id,
            Dataset.content.label("dataset_content"),
        )
        .join(Dataset, Dataset.id == Resource.dataset_id)
        .where(Resource.id == resource_id)
    ).first()
    if row is None or row.sha256 is None or not policy.sees(work.caller, row.visibility):
        raise NotFound
    restricted = is_restricted({"access_level": row.dataset_level}, {"access_level": row.access_level})
    if restricted:
        policy.require(work.caller, Action.DOWNLOAD_RESTRICTED, row.publisher_id)
    return Download(
        sha256=row.sha256,
        size=row.byte_size or 0,
        name=row.file_name or resource_id,
        format=row.format,
        synthetic=synthetic_mark(row.dataset_content),
        encoding=row.content.get("encoding"),
        public=row.visibility == policy.PUBLIC and not restricted,
    )
