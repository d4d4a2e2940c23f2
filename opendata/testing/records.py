"""Records and files as departments write them."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from opendata.base.formats.record import (
    Column,
    Contact,
    DatasetRecord,
    LegalBasis,
    Period,
    ResourceRecord,
    Scope,
    Spatial,
)

CSV = "mã,tên,số lượng\n00012,Đồ Sơn,5\n00013,Cát Hải,7\n".encode()


def complete_record(title: str = "Lượng mưa theo trạm", **changes: Any) -> DatasetRecord:
    """A record that passes the publish gate."""
    record = DatasetRecord(
        title={"vi": title, "en": "Rainfall by station"},
        description={
            "vi": "Lượng mưa đo mỗi ngày tại các trạm của thành phố, cập nhật hằng tháng; số liệu có độ trễ.",
            "en": "Daily rainfall measured at the stations of the city, updated monthly, with a delay.",
        },
        keywords={"vi": ["lượng mưa", "khí tượng"], "en": ["rainfall"]},
        themes=("ENVI",),
        contact=(Contact(name={"vi": "Phòng Dữ liệu"}, email="dulieu@haiphong.example"),),
        license="cc-by-4.0",
        access_level="public",
        legal_basis=(LegalBasis(code="Luật 20/2023/QH15", article="31"),),
        frequency="MONTHLY",
        last_update="2026-06-01",
        temporal=Period(start="2024", end="2026-05"),
        spatial=Spatial(places=("31",)),
        pham_vi=Scope(mode="moi_only"),
        language=("vi",),
        resources=(
            ResourceRecord(
                title={"vi": "Số liệu"},
                kind="table",
                download_url="https://nguon.example/mua.csv",
                format="CSV",
                columns=(
                    Column(name="tram", label={"vi": "Trạm"}),
                    Column(name="mua", label={"vi": "Mưa"}, type="number", unit="mm"),
                ),
            ),
        ),
    )
    return replace(record, **changes)


def put_file(path: Path, body: bytes) -> None:
    """A department's file that has lain there for a while: what is still being written is not read."""
    path.write_bytes(body)
    os.utime(path, (1_750_000_000, 1_750_000_000))
