"""Query rewriting and planning for the catalogue: pure functions over an index and a lexicon."""

from opendata.services.catalog.query.course import Course
from opendata.services.catalog.query.highlight import Marks, Segment, excerpt, highlight, markup
from opendata.services.catalog.query.interpret import interpret
from opendata.services.catalog.query.interpretation import Interpretation, Rewriting
from opendata.services.catalog.query.lexicon import Body, Lexicon
from opendata.services.catalog.query.search import Outcome, search
from opendata.services.catalog.query.suggest import Completion, suggest

__all__ = [
    "Body",
    "Completion",
    "Course",
    "Interpretation",
    "Lexicon",
    "Marks",
    "Outcome",
    "Rewriting",
    "Segment",
    "excerpt",
    "highlight",
    "interpret",
    "markup",
    "search",
    "suggest",
]
