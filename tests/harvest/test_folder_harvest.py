import os
from pathlib import Path

import pytest
from sqlalchemy import select

from opendata.base.models import Resource
from opendata.base.runtime import SYSTEM
from opendata.testing.harvest_bench import a_source


def lay(root: Path, path: str, body: str | bytes) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body if isinstance(body, bytes) else body.encode())
    os.utime(file, (1_700_000_000, 1_700_000_000))
    return file


SIDECAR = """\
title: {vi: Sản lượng hàng hóa qua cảng, en: Port cargo}
description: Khối lượng hàng hóa thông qua cảng biển theo tháng, tính bằng tấn, do cảng vụ công bố.
keywords: [cảng, hàng hóa]
themes: [TRAN]
publisher: SXD
contact: [{name: {vi: Phòng Thống kê}, email: tk@haiphong.example}]
license: cc-by-4.0
frequency: MONTHLY
access_level: public
issued: 2026-01-05
legal_basis: [{code: Luật 20/2023/QH15}]
pham_vi: {mode: none}
resources:
  - file: cang.csv
    title: Bảng tháng
"""


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "trao-doi"
    folder.mkdir()
    return folder


@pytest.fixture
def bench(platform, root):
    return a_source(platform, type="folder", url=str(root))


def test_a_described_folder_is_published_with_its_file(platform, bench, root):
    lay(root, "cang/metadata.yaml", SIDECAR)
    lay(root, "cang/cang.csv", "thang,tan\n2026-01,5\n2026-02,6\n")
    run = bench.run()
    assert run.state == "done", (run.error, run.counts)
    (dataset,) = bench.datasets()
    assert dataset.state == "published"
    with platform.read(SYSTEM) as work:
        (resource,) = work.session.scalars(select(Resource))
    assert (resource.format, resource.content["rows"], resource.byte_size) == ("CSV", 2, 30)
    assert resource.sha256
    assert dataset.content["extras"] == {}
