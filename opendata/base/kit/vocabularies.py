"""The bundled vocabularies of `config/vocabularies`: codes with URIs and labels in two languages.

Files are YAML mappings `code: {label: {vi, en}, uri: …, …}`; terms are never deleted, only ended.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from opendata.base.kit.paths import config_dir


@dataclass(frozen=True, slots=True)
class Term:
    """`data` holds what a vocabulary says beyond the label: uri, period, ckan, aliases, ended…"""

    code: str
    label: Mapping[str, str]
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def uri(self) -> str | None:
        return self.data.get("uri")


class Vocabularies:
    """Reads each file once, when first asked for."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or config_dir() / "vocabularies"
        self._loaded: dict[str, dict[str, Term]] = {}
        self._tables: dict[str, Any] = {}

    def table(self, name: str) -> Any:
        """The parsed file as it is, for tables that are not term lists. Read once; do not change it."""
        if name not in self._tables:
            path = self._folder / f"{name}.yaml"
            self._tables[name] = yaml.load(path.read_bytes(), Loader=_loader())  # noqa: S506  # a safe loader
        return self._tables[name]

    def terms(self, name: str) -> Mapping[str, Term]:
        """Terms by code, in file order. `name` is licences, themes, formats, frequencies, access, …"""
        if name not in self._loaded:
            self._loaded[name] = dict(_read_terms(self.table(name)))
        return self._loaded[name]

    def known(self, name: str, code: str | None) -> bool:
        return code in self.terms(name)

    def label(self, name: str, code: str | None) -> Mapping[str, str]:
        """The label of a code; the code itself where it is unknown."""
        term = self.terms(name).get(code or "")
        return term.label if term else {"vi": code or "", "en": code or ""}

    def resolve(self, name: str, value: str | None) -> str | None:
        """The code for a value given as code, URI, CKAN name or alias, case-blind; None if unknown."""
        if value is None:
            return None
        if name not in self._aliases:
            self._aliases[name] = self._alias_table(name)
        return self._aliases[name].get(value.strip().rstrip("/").lower())

    @cached_property
    def _aliases(self) -> dict[str, dict[str, str]]:
        return {}

    def _alias_table(self, name: str) -> dict[str, str]:
        table: dict[str, str] = {}
        for code, term in self.terms(name).items():
            names = [code, term.uri or code, *term.data.get("aliases", ())]
            table.update({str(alias).rstrip("/").lower(): code for alias in names})
        return table


def _read_terms(raw: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Term]]:
    for code, data in raw.items():
        rest = {key: value for key, value in data.items() if key != "label"}
        yield str(code), Term(str(code), data["label"], rest)


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
