"""THE surface for plugins and harvesters: what stands here is stable, everything else may move."""

from marshmallow import Schema, fields, validate
from pluggy import HookimplMarker

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

hookimpl = HookimplMarker("opendata")

__all__ = [
    "Access",
    "Column",
    "Contact",
    "Ctx",
    "Cursor",
    "DatasetRecord",
    "End",
    "Features",
    "Harvester",
    "LangList",
    "LangText",
    "LegalBasis",
    "Link",
    "Mark",
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
    "fields",
    "hookimpl",
    "validate",
]
