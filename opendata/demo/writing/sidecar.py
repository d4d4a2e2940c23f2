"""The metadata a department lays beside its files: the exchange record as YAML, each resource with `file`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from opendata.base.formats.record import (
    Column,
    Contact,
    DatasetRecord,
    LangText,
    LegalBasis,
    Period,
    ResourceRecord,
    Scope,
    Spatial,
)
from opendata.demo.catalogue import Body, Dataset, body
from opendata.demo.writing import calendar
from opendata.demo.writing.columns import code_lists

NAME = "metadata.yaml"

MADE: LangText = {
    "vi": "Dữ liệu mô phỏng do bộ sinh dữ liệu mẫu của cổng tạo ra để minh họa và kiểm thử; "
    "không phải số liệu chính thức và không được dùng làm căn cứ.",
    "en": "Simulated data made by the portal's sample generator for illustration and testing; not official "
    "figures and not to be relied upon.",
}
LISTED: LangText = {
    "vi": "Danh mục lấy từ gói vietnamadminunits 1.0.4 (giấy phép MIT, 10/2025); các cột nêu ở mục "
    "cột mô phỏng là ước tính hoặc sơ đồ, không phải ranh giới pháp lý.",
    "en": "The list comes from the package vietnamadminunits 1.0.4 (MIT licence, October 2025); the columns "
    "named as simulated are estimates or a schematic, not the legal boundary.",
}
LIST_SOURCE = "https://github.com/tranngocminhhieu/vietnamadminunits"

OFTEN: Mapping[str, LangText] = {
    "CONT": {"vi": "liên tục", "en": "continuously"},
    "HOURLY": {"vi": "mỗi giờ", "en": "every hour"},
    "DAILY": {"vi": "mỗi ngày", "en": "every day"},
    "WEEKLY": {"vi": "mỗi tuần", "en": "every week"},
    "MONTHLY": {"vi": "mỗi tháng", "en": "every month"},
    "QUARTERLY": {"vi": "mỗi quý", "en": "every quarter"},
    "ANNUAL_2": {"vi": "sáu tháng một lần", "en": "twice a year"},
    "ANNUAL": {"vi": "mỗi năm", "en": "every year"},
    "IRREG": {"vi": "khi có thay đổi", "en": "when something changes"},
}
DATA_MEDIA = {
    "CSV": "text/csv",
    "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "JSON": "application/json",
    "GEOJSON": "application/geo+json",
    "PARQUET": "application/vnd.apache.parquet",
    "GTFS": "application/zip",
    "PDF": "application/pdf",
}
STANDARDS = {
    "GEOJSON": ("https://www.rfc-editor.org/rfc/rfc7946",),
    "GTFS": ("https://gtfs.org/documentation/schedule/reference/",),
}


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file beside the sidecar, with what the catalogue says about it."""

    path: Path
    format: str
    title: LangText
    columns: tuple[Column, ...] = ()
    rows: int | None = None


def record(dataset: Dataset, files: Sequence[MadeFile], as_of: date) -> DatasetRecord:
    publisher = body(dataset.body)
    start, end = calendar.period(dataset, as_of)
    return DatasetRecord(
        title=dataset.title,
        description=description(dataset, publisher),
        slug=dataset.slug,
        keywords={language: list(words) for language, words in dataset.keywords.items()},
        themes=(dataset.theme,),
        topics=dataset.topics,
        publisher=dataset.body,
        contact=(contact(publisher),),
        license=dataset.license,
        access_level="public",
        legal_basis=tuple(LegalBasis(**basis) for basis in dataset.legal_basis),
        hvd_category=dataset.hvd,
        frequency=dataset.frequency,
        issued=calendar.issued(dataset),
        last_update=calendar.last_update(dataset, as_of),
        data_until=end or calendar.last_update(dataset, as_of)[:10],
        temporal=Period(start=start, end=end),
        spatial=Spatial(places=("31",)),
        pham_vi=Scope(mode=dataset.mode, note=dataset.scope),
        language=("VIE",),
        status="published",
        provenance=MADE if dataset.synthetic else LISTED,
        sources=() if dataset.synthetic else (LIST_SOURCE,),
        synthetic=dataset.synthetic,
        synthetic_columns=dataset.synthetic_columns,
        extras={"demo_id": dataset.id, "code_lists": code_lists(dataset)},
        resources=tuple(_resource(file) for file in files),
    )


def description(dataset: Dataset, publisher: Body) -> LangText:
    """What, who, how often, which territory, one caveat."""
    often = OFTEN[dataset.frequency]
    return {
        "vi": f"{dataset.what['vi']} Do {publisher.name['vi']} công bố, cập nhật {often['vi']}. "
        f"Phạm vi: {dataset.scope['vi']} Lưu ý: {dataset.caveat['vi']}",
        "en": f"{dataset.what['en']} Published by the {publisher.name['en']}, updated {often['en']}. "
        f"Scope: {dataset.scope['en']} Note: {dataset.caveat['en']}",
    }


def contact(publisher: Body) -> Contact:
    return Contact(name=publisher.contact, email=publisher.email, role="pointOfContact")


def write(folder: Path, made: DatasetRecord) -> Path:
    """Lay the record down as `metadata.yaml`; each resource names its file by `file`."""
    plain = _shorn(asdict(made))
    for resource in plain["resources"]:
        resource["file"] = resource.pop("file_name")
    path = folder / NAME
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(plain, Dumper=dumper, allow_unicode=True, sort_keys=False, width=110)
    path.write_text(text, encoding="utf-8")
    return path


def _resource(file: MadeFile) -> ResourceRecord:
    return ResourceRecord(
        title=file.title,
        kind="document" if file.format == "PDF" else "file",
        file_name=file.path.name,
        format=file.format,
        media_type=DATA_MEDIA[file.format],
        encoding="UTF-8" if file.format in ("CSV", "JSON", "GEOJSON") else None,
        rows=file.rows,
        availability="STABLE",
        columns=file.columns,
        conforms_to=STANDARDS.get(file.format, ()),
    )


def _shorn(value: Any) -> Any:
    """The value without what is empty, tuples as lists; truth values and zeros stay."""
    if isinstance(value, dict):
        return {key: _shorn(one) for key, one in value.items() if one is not None and one not in ((), [], {})}
    if isinstance(value, list | tuple):
        return [_shorn(one) for one in value]
    return value
