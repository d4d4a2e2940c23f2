"""Carries every row of one database into another, of the same or of the other kind."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Integer,
    RowMapping,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)

from opendata.base.kit.errors import N_, Conflict
from opendata.base.models import Base, DatasetDocument, OutboxEntry

BATCH = 1000
Progress = Callable[[str, int], None]
"""(table, rows of it so far)."""


class TargetNotEmpty(Conflict):
    code = "target_not_empty"
    message = N_("Cơ sở dữ liệu đích đã có dữ liệu (bảng %(table)s); chỉ chuyển vào cơ sở dữ liệu trống.")


def carry_rows(source: Engine, target: Engine, progress: Progress = lambda *_: None) -> int:
    """Copy all tables in one transaction at each side; the number of rows. Both have the schema of this
    release. Raises `TargetNotEmpty`."""
    tables = Base.metadata.sorted_tables
    reading = source.execution_options(reading=True)
    with reading.connect() as old, target.begin() as new:
        _require_empty(new, tables)
        copied = sum(_carry_table(old, new, table, progress) for table in tables)
        if new.dialect.name == "postgresql":
            _go_on_counting(new, tables)
    return copied


def _require_empty(connection: Connection, tables: Sequence[Table]) -> None:
    for table in tables:
        if connection.execute(select(1).select_from(table).limit(1)).first() is not None:
            raise TargetNotEmpty(table=table.name)


def _carry_table(old: Connection, new: Connection, table: Table, progress: Progress) -> int:
    """Rows may name others of their own table: such columns are filled once all rows are there."""
    inner = [c for c in table.columns if any(key.column.table is table for key in c.foreign_keys)]
    copied, later = 0, []
    for batch in old.execution_options(yield_per=BATCH).execute(select(table)).mappings().partitions():
        _insert(new, table, batch, without={column.name for column in inner})
        later += [_references(row, table, inner) for row in batch if any(row[c] for c in inner)]
        copied += len(batch)
        progress(table.name, copied)
    if later:
        (key,) = table.primary_key.columns
        changed = update(table).where(key == bindparam("row_key"))
        new.execute(changed.values({c.name: bindparam(f"to_{c.name}") for c in inner}), later)
    return copied


def _references(row: RowMapping, table: Table, inner: Sequence[Column[Any]]) -> dict[str, Any]:
    (key,) = table.primary_key.columns
    return {"row_key": row[key], **{f"to_{c.name}": row[c] for c in inner}}


def _insert(new: Connection, table: Table, rows: Iterable[RowMapping], *, without: set[str]) -> None:
    """NULL in a JSON column is left out: as a value it would become the JSON text `null`."""
    absent = {column.name for column in table.columns if isinstance(column.type, JSON)}
    groups: dict[frozenset[str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        values = {
            name: value
            for name, value in row.items()
            if name not in without and not (value is None and name in absent)
        }
        groups[frozenset(values)].append(values)
    for group in groups.values():
        new.execute(insert(table), group)


def _go_on_counting(connection: Connection, tables: Sequence[Table]) -> None:
    """Numbers given by the server go on behind those that were carried; the outbox behind every sequence
    that a document was written under, though its entry is long gone."""
    documents = connection.scalar(select(func.max(DatasetDocument.sequence))) or 0
    for table in tables:
        (key, *more) = table.primary_key.columns
        if more or not isinstance(key.type, Integer) or key.autoincrement is False:
            continue
        sequence = connection.scalar(select(func.pg_get_serial_sequence(f'"{table.name}"', key.name)))
        if sequence is None:
            continue
        highest = connection.scalar(select(func.max(key))) or 0
        if table.name == OutboxEntry.__tablename__:
            highest = max(highest, documents)
        if highest:
            connection.execute(select(func.setval(sequence, highest)))
