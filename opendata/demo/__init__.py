"""The demo city: forty made datasets of a port city, written as the folders of its departments."""

from opendata.demo.anchors import AnchorResult, check
from opendata.demo.catalogue import (
    Anchor,
    Body,
    Dataset,
    Predecessor,
    Topic,
    anchors,
    bodies,
    datasets,
    predecessors,
    topics,
)
from opendata.demo.generation import DEFAULT_SEED, generate
from opendata.demo.reading import TableReader
from opendata.demo.writing.calendar import DEFAULT_AS_OF

__all__ = [
    "DEFAULT_AS_OF",
    "DEFAULT_SEED",
    "Anchor",
    "AnchorResult",
    "Body",
    "Dataset",
    "Predecessor",
    "TableReader",
    "Topic",
    "anchors",
    "bodies",
    "check",
    "datasets",
    "generate",
    "predecessors",
    "topics",
]
