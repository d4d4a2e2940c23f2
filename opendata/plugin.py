"""THE surface for plugins and harvesters: what stands here is stable, everything else may move."""

from marshmallow import Schema, fields, validate
from pluggy import HookimplMarker

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
from opendata.base.kit.json_items import JsonItems
from opendata.base.kit.strict_json import NotJson
from opendata.base.kit.strict_json import loads as parse_json
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

hookimpl = HookimplMarker("opendata")

__all__ = [
    "JSON_TYPES",
    "Access",
    "Column",
    "Contact",
    "Ctx",
    "Cursor",
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
    "Period",
    "Raw",
    "Rec",
    "RecordError",
    "ResourceRecord",
    "Schema",
    "Scope",
    "Source",
    "SourceError",
    "Spatial",
    "Unread",
    "ckan_dataset",
    "datajson_dataset",
    "datajson_identifier",
    "fields",
    "hookimpl",
    "parse_json",
    "validate",
]
