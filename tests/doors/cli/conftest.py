"""The command line on an installation of its own."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest

from opendata.base.models import migrations
from opendata.base.runtime.database import connect
from opendata.doors.cli import run
from opendata.testing import modes


@dataclass
class Terminal:
    """`call` runs a command in this process and remembers what it printed."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    engines: dict[str, str]
    language: str = "vi"
    settings: dict[str, Any] = field(default_factory=dict)
    out: str = ""
    err: str = ""

    @property
    def installed(self) -> dict[str, Any]:
        """The settings of this installation."""
        of_it = {"data_dir": str(self.folder), "harvest_allow_roots": (str(self.folder),)}
        return {**of_it, **self.engines, **self.settings}

    def call(self, *arguments: str, stdin: str = "") -> int:
        self.capsys.readouterr()
        self.monkeypatch.setattr("sys.stdin", StringIO(stdin))
        code = run(["--lang", self.language, *arguments], settings=self.installed)
        self.out, self.err = self.capsys.readouterr()
        return code

    def ok(self, *arguments: str, stdin: str = "") -> str:
        code = self.call(*arguments, stdin=stdin)
        assert code == 0, f"{arguments}: {code}\n{self.out}{self.err}"
        return self.out

    def json(self, *arguments: str) -> Any:
        return orjson.loads(self.ok(*arguments, "--json"))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a migrated database, made once."""
    path = tmp_path_factory.mktemp("migrated") / "opendata.db"
    engine = connect(f"sqlite:///{path}")
    migrations.upgrade(engine)
    engine.dispose()
    return path.read_bytes()


@pytest.fixture
def bare_terminal(
    engines: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Terminal]:
    """Nothing has been set up."""
    yield Terminal(tmp_path, capsys, monkeypatch, modes.engine_settings(tmp_path, migrated=False))
    modes.forget(tmp_path)


@pytest.fixture
def installation(engines: None, tmp_path: Path, migrated: bytes) -> Iterator[dict[str, str]]:
    """Settings of an installation with an empty database."""
    settings = modes.engine_settings(tmp_path)
    if "database_url" not in settings:
        (tmp_path / "opendata.db").write_bytes(migrated)
    yield {"data_dir": str(tmp_path), **settings}
    modes.forget(tmp_path)


@pytest.fixture
def terminal(
    installation: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Terminal:
    """At an installation with an empty database."""
    return Terminal(tmp_path, capsys, monkeypatch, installation)


@pytest.fixture
def exchange_folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a department's folder with one described table; `title` may change between calls."""

    def make(title: str = "Lượng mưa theo trạm") -> Path:
        folder = tmp_path / "so-thu-nghiem"
        dataset = folder / "luong-mua"
        dataset.mkdir(parents=True, exist_ok=True)
        table, sidecar = dataset / "luong-mua.csv", dataset / "metadata.yaml"
        table.write_text("tram,mua\nHòn Dáu,12.5\nPhù Liễn,8.0\n", encoding="utf-8")
        sidecar.write_text(SIDECAR.format(title=title), encoding="utf-8")
        for path in (table, sidecar):
            os.utime(path, (path.stat().st_mtime - 3600,) * 2)  # long finished, not still being written
        return folder

    return make


SIDECAR = """\
title: {{vi: {title}, en: Rainfall by station}}
description:
  vi: Lượng mưa đo mỗi ngày tại các trạm của thành phố, cập nhật hằng tháng; số liệu có độ trễ vài ngày.
  en: Daily rainfall measured at the stations of the city, updated monthly, some days late.
keywords: {{vi: [lượng mưa], en: [rainfall]}}
themes: [ENVI]
contact: [{{name: {{vi: Phòng Dữ liệu}}, email: dulieu@haiphong.example}}]
license: cc-by-4.0
access_level: public
legal_basis: [{{code: Luật 20/2023/QH15, article: "31"}}]
frequency: MONTHLY
last_update: 2026-06-01
temporal: {{start: 2026-01, end: 2026-05}}
spatial: {{places: ["31"]}}
pham_vi: {{mode: moi_only}}
language: [vi]
resources:
  - file: luong-mua.csv
    title: {{vi: Số liệu}}
    columns:
      - {{name: tram, label: {{vi: Trạm}}, type: text}}
      - {{name: mua, label: {{vi: Mưa}}, type: number, unit: mm}}
"""
