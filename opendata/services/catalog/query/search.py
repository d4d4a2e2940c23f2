"""The search of datasets from text to results: interpret, plan, and where nothing is found, the ladder.

Nothing here knows sessions or web frameworks: an index, a lexicon and a text go in, an outcome comes out.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from opendata.base.kit.cursors import refused
from opendata.base.kit.errors import N_
from opendata.base.kit.vietnamese import clean
from opendata.engines.search import Best, Plan, Results, SearchIndex
from opendata.services.catalog.query import corrections, times
from opendata.services.catalog.query.course import Course, Step, Told, Way
from opendata.services.catalog.query.highlight import Marks, as_written
from opendata.services.catalog.query.interpret import interpret
from opendata.services.catalog.query.interpretation import Interpretation, Rewriting
from opendata.services.catalog.query.lexicon import Lexicon
from opendata.services.catalog.query.planning import Matching, Statistics, match, relaxed
from opendata.services.catalog.query.words import Phrase

Note = tuple[str, Mapping[str, Any]]

_CORRECTED = N_("Không có kết quả cho “%(typed)s”; đang hiện kết quả cho “%(searched)s”.")
_LIFTED = N_("Không có kết quả trong thời gian %(typed)s; đang hiện mọi thời gian.")
_RELAXED = N_("Không có kết quả có đủ các từ của “%(typed)s”; đang hiện kết quả có phần lớn các từ.")
_PHRASE_FIELDS = ("title", "title_en", "tags", "body")
_MAX_VOCABULARY = 20_000
_FEW = 20
_NOTHING = Matching(Best(()), None, None, hopeless=True, marks=Marks())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`step` is the rung of the ladder that found something, None when the query did or nothing did.

    `notes` are sentences (message id, parameters) for the reader; `marks` goes to `highlight`; `course` goes
    with the key of the last hit to `search` for the next page.
    """

    results: Results
    interpretation: Interpretation
    course: Course
    step: Step | None = None
    notes: tuple[Note, ...] = ()
    marks: Marks = field(default_factory=Marks)

    @property
    def searched(self) -> str:
        """The text whose results are shown."""
        return self.interpretation.searched

    @property
    def corrected(self) -> bool:
        """Are these results for another text than the one typed?"""
        return self.step in {"typing", "glued", "onset", "spelling"}


@dataclass(frozen=True, slots=True)
class Attempt:
    course: Course
    interpretation: Interpretation
    matching: Matching

    @property
    def step(self) -> Step | None:
        return self.course.way.step

    @property
    def timed(self) -> bool:
        return self.course.way.timed


def search(
    index: SearchIndex,
    lexicon: Lexicon,
    text: str,
    *,
    filters: Mapping[str, tuple[str, ...]] | None = None,
    visible: frozenset[str] = frozenset({"public"}),
    facets: tuple[str, ...] = (),
    facet_size: int = 50,
    period: tuple[int, int] | None = None,
    sort: str = "relevance",
    size: int = 20,
    after: tuple[Any, ...] | None = None,
    course: Course | None = None,
    undo: Collection[str] = (),
    as_typed: bool = False,
) -> Outcome:
    """The datasets a text asks for. Any text is fine; one without words finds everything in scope.

    `undo` names rewritings to leave out (`Rewriting.id`); `as_typed` leaves out all and the ladder too.
    `period` is a filter given apart from the text, in days since 1970-01-01. `after` and `course` are what
    the page before told; `Invalid` is raised for a course that is not one of this query.
    """
    scope = Plan(
        visible=visible,
        filters=filters or {},
        period=period,
        facets=facets,
        facet_size=facet_size,
        sort=sort,
        size=size,
        after=after,
    )
    pipeline = _Pipeline(text, index, lexicon, scope, tuple(undo), as_typed=as_typed)
    return pipeline.run() if course is None else pipeline.go_on(course)


@dataclass(frozen=True)
class _Pipeline:
    text: str
    index: SearchIndex
    lexicon: Lexicon
    scope: Plan
    undo: tuple[str, ...]
    as_typed: bool
    seen: set[str] = field(default_factory=set)

    def run(self) -> Outcome:
        first = self._attempt(Way())
        found = self._try(first)
        if found is not None:
            return found if self.as_typed else self._corrected_if_strewn(first, found)
        if not self.as_typed:
            for attempt in self._ladder(first.interpretation):
                found = self._try(attempt)
                if found is not None:
                    return found
        return self._outcome(first, self.index.search(self._plan(first)))

    def go_on(self, course: Course) -> Outcome:
        attempt = self._attempt(course.way, course.statistics())
        if attempt.course != course:  # other words, or words that are read in another way by now
            raise refused()
        self.seen.add(clean(self.text))
        return self._outcome(attempt, self.index.search(self._plan(attempt)))

    def _corrected_if_strewn(self, first: Attempt, found: Outcome) -> Outcome:
        """A few hits with the words strewn over a long text are as good as none where a correction
        stands in a title, a tag or a name: `lam triệu` is no text with "làm" here and "triệu" there."""
        if found.results.total > _FEW or self._is_firm(first):
            return found
        self.seen.add(first.interpretation.text)
        for attempt in self._corrections(first.interpretation):
            if not attempt.matching.hopeless and self._is_firm(attempt):
                better = self._try(attempt)
                if better is not None:
                    return better
        return found

    def _is_firm(self, attempt: Attempt) -> bool:
        if attempt.matching.firm is None:
            return True
        counted = replace(
            self._plan(attempt), where=attempt.matching.firm, exact=None, facets=(), size=0, after=None
        )
        return self.index.search(counted).total > 0

    # --- attempts ---------------------------------------------------------------------------------

    def _attempt(self, way: Way, statistics: Statistics | None = None) -> Attempt:
        told = Told(statistics or self.index.statistics)
        read = self._read(way, told)
        planned = relaxed(read, told) if way.step == "relaxed" else match(read, told)
        return Attempt(told.course(way, self.text), read, planned or _NOTHING)

    def _read(self, way: Way, statistics: Statistics) -> Interpretation:
        read = interpret(
            way.text or self.text,
            self.lexicon,
            partial(_holds, statistics),
            undo=(*self.undo, *way.undone),
            as_typed=self.as_typed,
        )
        if "words" not in way.undone:
            return read
        period = times.find(read.text)
        return replace(read, units=(), period=period, rewritings=(Rewriting("time", read.text),))

    def _try(self, attempt: Attempt) -> Outcome | None:
        """The outcome if it has hits."""
        if attempt.matching.hopeless:
            return None
        results = self.index.search(self._plan(attempt))
        return self._outcome(attempt, results) if results.total else None

    def _plan(self, attempt: Attempt) -> Plan:
        words = attempt.interpretation.period if attempt.timed else None
        period = self.scope.period
        if words is not None:
            asked = (words.start, words.end)
            period = asked if period is None else (max(period[0], asked[0]), min(period[1], asked[1]))
        return replace(self.scope, where=attempt.matching.where, exact=attempt.matching.exact, period=period)

    def _outcome(self, attempt: Attempt, results: Results) -> Outcome:
        return Outcome(
            results=results,
            interpretation=attempt.interpretation,
            course=attempt.course,
            step=attempt.step,
            notes=tuple(self._notes(attempt, results)),
            marks=attempt.matching.marks,
        )

    def _notes(self, attempt: Attempt, results: Results) -> Iterator[Note]:
        read = attempt.interpretation
        if attempt.step in {"typing", "glued", "onset", "spelling"}:
            yield _CORRECTED, {"typed": self._typed, "searched": self._shown(read, results)}
        if attempt.step == "relaxed":
            yield _RELAXED, {"typed": self._typed}
        if read.period is not None and not attempt.timed:
            yield _LIFTED, {"typed": read.period.text}
        for rewriting in read.rewritings:
            if rewriting.kind == "synonym":
                known = [text for text in rewriting.meaning.split(", ") if attempt.matching.marks.hold(text)]
                if known:
                    yield replace(rewriting, meaning=", ".join(known)).note
            elif rewriting.kind != "time" or attempt.timed:
                yield rewriting.note

    def _shown(self, read: Interpretation, results: Results) -> str:
        """The corrected text, with the marks that the first hit writes it with."""
        row = results.hits[0].row if results.hits else {}
        return as_written(read.searched, row) or read.searched

    @property
    def _typed(self) -> str:
        return next(iter(self.seen), "")

    # --- the ladder -------------------------------------------------------------------------------

    def _ladder(self, first: Interpretation) -> Iterator[Attempt]:
        """What to try when a query finds nothing, in order."""
        self.seen.add(first.text)
        yield from self._put_back(first)
        yield from self._corrections(first)
        yield self._attempt(Way("relaxed"))
        if first.period is not None:
            yield self._attempt(Way("relaxed", timed=False))

    def _corrections(self, first: Interpretation) -> Iterator[Attempt]:
        statistics = self.index.statistics
        yield from self._corrected("typing", corrections.raw_typing(first.text))
        yield from self._corrected("glued", corrections.unglued(first.searched, statistics))
        yield from self._best_onset(first)
        yield from self._corrected("spelling", corrections.respelled(first.searched, self._vocabulary))

    def _put_back(self, first: Interpretation) -> Iterator[Attempt]:
        has_noise = any(rewriting.kind == "noise" for rewriting in first.rewritings)
        if first.period is not None:
            yield self._attempt(Way("time", timed=False))
        if has_noise:
            yield self._attempt(Way("noise", undone=("noise",)))
        if first.period is not None:
            yield self._attempt(Way("time", undone=("noise", "time")))
        elif not self._outside_time(first):
            yield self._attempt(Way("time", undone=("words",)))

    def _outside_time(self, first: Interpretation) -> bool:
        """Are there words that no time covers, or no time at all, or is it not to be read?"""
        period = times.find(first.text)
        if period is None or "time" in self.undo or f"time:{period.text.lower()}" in self.undo:
            return True
        covered = sum(end - start for start, end in period.spans)
        return len(first.text.replace(" ", "")) > covered

    def _corrected(self, step: Step, texts: Iterator[str]) -> Iterator[Attempt]:
        for text in texts:
            if text not in self.seen:
                attempt = self._attempt(Way(step, text))
                yield attempt
                if attempt.interpretation.period is not None:
                    yield self._attempt(Way(step, text, timed=False))

    def _best_onset(self, first: Interpretation) -> Iterator[Attempt]:
        """Of the texts with other onsets, the one whose best hit scores highest."""
        best: tuple[float, Attempt] | None = None
        for text in corrections.other_onsets(first.searched, self.index.statistics):
            attempt = self._attempt(Way("onset", text))
            if attempt.matching.hopeless:
                continue
            plan = replace(self._plan(attempt), size=1, after=None, facets=(), sort="relevance")
            hits = self.index.search(plan).hits
            if hits and (best is None or hits[0].score > best[0]):
                best = (hits[0].score, attempt)
        if best is not None:
            yield best[1]

    # --- what the index knows -----------------------------------------------------------------------

    def _vocabulary(self, stream: str, prefix: str) -> Sequence[tuple[str, int]]:
        """Words of the index and those the tables know a synonym for."""
        own = [(word, 0) for word in self.lexicon.words if word.startswith(prefix)]
        return [*self.index.vocabulary(stream, prefix, _MAX_VOCABULARY), *own]


def _holds(statistics: Statistics, words: Phrase) -> bool:
    """Does a title, a tag or the name of a body hold these words side by side? By their pairs."""
    for left, right in itertools.pairwise(words):
        form = "exact" if left.marked and right.marked else "fold"
        gram = f"{getattr(left, form)}_{getattr(right, form)}"
        pairs = [(f"{name}.{form}2", gram) for name in _PHRASE_FIELDS]
        _, found = statistics(pairs)
        if not any(found.values()):
            return False
    return True
