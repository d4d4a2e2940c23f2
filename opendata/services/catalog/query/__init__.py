"""Query rewriting and planning for the catalogue: pure functions over an index and a lexicon."""

from opendata.services.catalog.query.interpret import interpret
from opendata.services.catalog.query.interpretation import Interpretation, Rewriting
from opendata.services.catalog.query.lexicon import Body, Lexicon
from opendata.services.catalog.query.search import Outcome, search

__all__ = ["Body", "Interpretation", "Lexicon", "Outcome", "Rewriting", "interpret", "search"]
