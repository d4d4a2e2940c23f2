"""THE surface for plugins and harvesters: what stands here is stable, everything else may move."""

from marshmallow import Schema, fields, validate

from opendata.base.formats.ckan import read_package as ckan_dataset
from opendata.base.formats.datajson import identifier_of as datajson_identifier
from opendata.base.formats.datajson import read_dataset as datajson_dataset
from opendata.base.formats.record import (
    Column,
    Contact,
    DatasetRecord,
    LangList,
    LangText,
    LegalBasis,
    Link,
    Period,
    ResourceRecord,
    Scope,
    Spatial,
)
from opendata.base.i18n import pick
from opendata.base.kit.json_items import JsonItems
from opendata.base.kit.strict_json import NotJson
from opendata.base.kit.strict_json import loads as parse_json
from opendata.services.catalog.hooks import Answer, Route, Visit, hookimpl
from opendata.services.catalog.search import DatasetQuery, Page, find
from opendata.services.harvest.contract import (
    Access,
    Ctx,
    Cursor,
    End,
    Features,
    Harvester,
    Mark,
    Raw,
    Rec,
    RecordError,
    Source,
    SourceError,
    Unread,
)
from opendata.services.harvest.http import JSON_TYPES

__all__ = [
    "JSON_TYPES",
    "Access",
    "Answer",
    "Column",
    "Contact",
    "Ctx",
    "Cursor",
    "DatasetQuery",
    "DatasetRecord",
    "End",
    "Features",
    "Harvester",
    "JsonItems",
    "LangList",
    "LangText",
    "LegalBasis",
    "Link",
    "Mark",
    "NotJson",
    "Page",
    "Period",
    "Raw",
    "Rec",
    "RecordError",
    "ResourceRecord",
    "Route",
    "Schema",
    "Scope",
    "Source",
    "SourceError",
    "Spatial",
    "Unread",
    "Visit",
    "ckan_dataset",
    "datajson_dataset",
    "datajson_identifier",
    "fields",
    "find",
    "hookimpl",
    "parse_json",
    "pick",
    "validate",
]
