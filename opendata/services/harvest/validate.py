"""Does a translated record go in, and may the public see it? Pure."""

from dataclasses import dataclass
from typing import Any

from opendata.base.formats.record import DatasetRecord
from opendata.base.kit.errors import Invalid
from opendata.base.kit.vocabularies import Vocabularies
from opendata.services.catalog import entry, gate
from opendata.services.harvest.problems import Problem, from_findings, from_invalid


@dataclass(frozen=True, slots=True)
class Verdict:
    """`content` is the record's JSON, None when it stays out. `publish`: it passes the gate."""

    content: dict[str, Any] | None
    publish: bool
    problems: list[Problem]


def judge(record: DatasetRecord, vocabularies: Vocabularies, *, published: bool) -> Verdict:
    """A record that cannot be published becomes a draft with its reasons; one that is published already
    keeps its last good version instead."""
    try:
        normal = entry.normalise(record, vocabularies)
    except Invalid as error:
        return Verdict(None, publish=False, problems=from_invalid(error, entry.to_json(record)))
    findings = gate.check(normal, vocabularies)
    blocked = any(finding.severity == "block" for finding in findings)
    if blocked and published:
        return Verdict(None, publish=False, problems=from_findings(findings, "error"))
    return Verdict(entry.to_json(normal), not blocked, from_findings(findings, "held"))
