"""What is wrong with one record: where, how bad, by which rule, and what stood there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from opendata.base.kit.errors import Invalid, OpenDataError
from opendata.base.kit.vietnamese import clean
from opendata.services.catalog.gate import Finding
from opendata.services.harvest.ctx import Remark
from opendata.services.harvest.items import RecordError

Severity = Literal["error", "warning", "held"]
MAX_VALUE = 200
MAX_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """`error` keeps the record out, `held` keeps it a draft, `warning` lost or changed a part of it."""

    severity: Severity
    code: str
    path: str = ""
    message: str = ""
    value: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "severity": self.severity,
            "code": self.code,
            "path": stored(self.path, 500),
            "message": stored(self.message, 500),
            "value": stored(self.value, MAX_VALUE),
        }


def stored(text: str, most: int) -> str:
    """What a source said, as every database can hold it: without unseen characters, and no longer."""
    return clean(text[:most])[:most]


def from_error(error: RecordError) -> Problem:
    shown = "" if error.value is None else str(error.value)
    return Problem("error", error.code, error.path, str(error), shown)


def from_invalid(error: OpenDataError, content: Mapping[str, Any]) -> list[Problem]:
    """One problem for each wrong field, with the value that stood there."""
    code = error.code if isinstance(error, Invalid) else type(error).code
    if not error.fields:
        return [Problem("error", code, "", str(error))]
    return [
        Problem("error", code, path, message, _value_at(content, path))
        for path, message in error.fields.items()
    ]


def from_remarks(remarks: Iterable[Remark]) -> list[Problem]:
    return [Problem("warning", remark.code, remark.path, "", remark.value) for remark in remarks]


def from_findings(findings: Iterable[Finding], severity: Severity) -> list[Problem]:
    return [
        Problem(severity, finding.code, finding.field, finding.message)
        for finding in findings
        if finding.severity == "block"
    ]


def as_json(problems: Iterable[Problem]) -> list[dict[str, Any]] | None:
    """The gravest first, at most `MAX_PROBLEMS`; None when there is none."""
    order = {"error": 0, "held": 1, "warning": 2}
    ranked = sorted(problems, key=lambda problem: order[problem.severity])
    return [problem.as_json() for problem in ranked[:MAX_PROBLEMS]] or None


def _value_at(content: Any, path: str) -> str:
    for part in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(content, Mapping):
            content = content.get(part)
        elif isinstance(content, list | tuple) and part.isdigit() and int(part) < len(content):
            content = content[int(part)]
        else:
            return ""
    return "" if content is None else str(content)[:MAX_VALUE]
