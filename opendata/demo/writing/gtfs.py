"""A bus network as a GTFS archive and as one CSV file a table."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from opendata.demo.catalogue import Field
from opendata.demo.writing.columns import Row

FIXED = (2026, 1, 1, 0, 0, 0)


def write_archive(path: Path, tables: Mapping[str, tuple[Sequence[Field], Sequence[Row]]]) -> None:
    """One `<table>.txt` a table, with fixed times, so that the same rows give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (fields, rows) in tables.items():
            member = zipfile.ZipInfo(f"{name}.txt", FIXED)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, _text(fields, rows))


def _text(fields: Sequence[Field], rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields)
    writer.writerows(rows)
    return text.getvalue()
