"""The demo city: forty made datasets of a port city, written as the folders of its departments."""

from opendata.demo.anchors import AnchorResult, check, results
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
from opendata.demo.dirty import dirty
from opendata.demo.generation import DEFAULT_SEED, generate, generate_earlier
from opendata.demo.reading import TableReader
from opendata.demo.variants import variants
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
    "dirty",
    "generate",
    "generate_earlier",
    "predecessors",
    "results",
    "topics",
    "variants",
]
