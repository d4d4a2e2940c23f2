"""Write the city's ward list and the crosswalk from the old units into the demo's package data.

The source is the Python package `vietnamadminunits`, installed in an environment of its own; only its
two data files are read, the package itself is never imported and is no dependency of the product:

    python tools/build_admin_units.py PATH/TO/site-packages

Writes `admin_units.csv` (the units in force since 2025-07-01), `crosswalk.csv` (pairs old to new with
estimated shares) and `admin_units.source.yaml` (source, version, licence, checksums).
"""

import csv
import hashlib
import json
import sqlite3
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

PACKAGE = "vietnamadminunits"
VERSION = "1.0.4"
RELEASED = "2025-10"
CITY_KEY = "thanhphohaiphong"
CITY_CODE = "31"
OLD_PROVINCES = ("30", "31")
TARGET = Path(__file__).resolve().parent.parent / "opendata" / "demo" / "data"

UNITS = """
SELECT wardCode, wardShort, wardType, provinceCode, wardAreaKm2, wardLon, wardLat, wardKey
FROM admin_units WHERE provinceCode = ? ORDER BY wardCode
"""
OLD_UNITS = """
SELECT wardCode, ward, districtCode, district, province, provinceKey, districtKey, wardKey
FROM admin_units_legacy WHERE provinceCode IN (?, ?)
"""


def main(site_packages: Path) -> None:
    source = site_packages / PACKAGE / "data"
    with sqlite3.connect(source / "dataset.db") as database:
        units = database.execute(UNITS, (CITY_CODE,)).fetchall()
        old_units = database.execute(OLD_UNITS, OLD_PROVINCES).fetchall()
    converter = json.loads((source / "converter_2025.json").read_text(encoding="utf-8"))
    _write("admin_units.csv", _unit_rows(units))
    _write("crosswalk.csv", _pairs(units, old_units, converter))
    _write_source(site_packages, source)


def _unit_rows(units: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    yield ("ma_xa", "ten", "loai", "ma_tinh", "dien_tich", "kinh_do", "vi_do")
    for code, name, kind, province, area, lon, lat, _ in units:
        yield (code, _nfc(name), _nfc(kind), province, area, lon, lat)


def _pairs(
    units: Iterable[Sequence[Any]], old_units: Iterable[Sequence[Any]], converter: Mapping[str, Any]
) -> Iterable[Sequence[Any]]:
    code_of = {unit[7]: unit[0] for unit in units}
    area_of = {unit[0]: unit[4] for unit in units}
    targets = _targets(converter, code_of)
    yield ("ma_cu", "ten_cu", "huyen_cu", "tinh_cu", "ma_moi", "ty_le", "ty_le_uoc_tinh")
    rows = []
    for code, ward, district_code, district, province, *keys in old_units:
        new_codes = targets["_".join(key or "" for key in keys)]
        shares = _shares([area_of[new] for new in new_codes])
        name = (code or district_code, _nfc(ward or district), _nfc(district), _nfc(province))
        rows += [
            (*name, new, f"{share / 10_000:.4f}", "true" if len(new_codes) > 1 else "false")
            for new, share in zip(new_codes, shares, strict=True)
        ]
    yield from sorted(rows)


def _targets(converter: Mapping[str, Any], code_of: Mapping[str, str]) -> dict[str, list[str]]:
    """Old key to the codes of the new units that took it over; every key resolves or this raises."""
    targets: dict[str, list[str]] = {}
    for new_key, old_keys in converter["DICT_PROVINCE_WARD_NO_DIVIDED"][CITY_KEY].items():
        for old_key in old_keys:
            targets[old_key] = [code_of[new_key]]
    for old_key, parts in converter["DICT_PROVINCE_WARD_DIVIDED"][CITY_KEY].items():
        targets[old_key] = sorted(code_of[part["newWardKey"]] for part in parts)
    return targets


def _shares(areas: Sequence[float]) -> list[int]:
    """Ten-thousandths in proportion to the areas, by largest remainder, summing to 10,000."""
    total = sum(areas)
    exact = [area / total * 10_000 for area in areas]
    shares = [int(value) for value in exact]
    by_remainder = sorted(range(len(areas)), key=lambda i: (shares[i] - exact[i], i))
    for i in by_remainder[: 10_000 - sum(shares)]:
        shares[i] += 1
    return shares


def _write(name: str, rows: Iterable[Sequence[Any]]) -> None:
    with (TARGET / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _write_source(site_packages: Path, source: Path) -> None:
    licence = site_packages / f"{PACKAGE}-{VERSION}.dist-info" / "licenses" / "LICENSE"
    facts = {
        "package": PACKAGE,
        "version": VERSION,
        "released": RELEASED,
        "homepage": "https://github.com/tranngocminhhieu/vietnamadminunits",
        "note": {
            "vi": "Danh mục và bảng chuyển đổi lấy từ gói nguồn; tỷ lệ của 72 đơn vị bị chia là ước tính "
            "theo diện tích.",
            "en": "List and crosswalk come from the source package; shares of the 72 split units are "
            "estimated by area.",
        },
        "inputs": {name: _sha256(source / name) for name in ("dataset.db", "converter_2025.json")},
        "outputs": {name: _sha256(TARGET / name) for name in ("admin_units.csv", "crosswalk.csv")},
        "licence": licence.read_text(encoding="utf-8"),
    }
    text = yaml.safe_dump(facts, allow_unicode=True, sort_keys=False, width=110)
    (TARGET / "admin_units.source.yaml").write_text(text, encoding="utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
