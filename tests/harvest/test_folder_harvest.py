import errno
import io
import os
import shutil
import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from sqlalchemy import select

from opendata.base.models import Resource, Topic
from opendata.base.runtime import SYSTEM
from opendata.demo.generation import generate
from opendata.engines.files import FileStore
from opendata.services.harvest.folder import FolderAccess
from opendata.services.harvest.storing import TooLargeFile
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


def titles(bench):
    return {dataset.content["title"]["vi"]: dataset.state for dataset in bench.datasets()}


def resources(platform):
    with platform.read(SYSTEM) as work:
        return list(work.session.scalars(select(Resource).order_by(Resource.file_name)))


def test_a_described_folder_is_published_with_its_file(platform, bench, root):
    lay(root, "cang/metadata.yaml", SIDECAR)
    lay(root, "cang/cang.csv", "thang,tan\n2026-01,5\n2026-02,6\n")
    run = bench.run()
    assert run.state == "done", (run.error, run.counts)
    (dataset,) = bench.datasets()
    assert dataset.state == "published"
    assert dataset.content["extras"] == {}
    (resource,) = resources(platform)
    assert (resource.format, resource.content["rows"], resource.byte_size) == ("CSV", 2, 30)
    assert resource.content["title"] == {"vi": "Bảng tháng"}
    assert b"".join(platform.part(FileStore).open(resource.sha256)).startswith(b"thang,tan")


def test_files_without_a_description_become_drafts_named_after_them(bench, root):
    lay(root, "so-lieu_2026.csv", "a\n1\n")
    lay(root, "nuoc/chat-luong.csv", "a\n1\n")
    lay(root, "nuoc/chat-luong.xlsx", "khong phai excel")
    lay(root, "truong/cap-1.csv", "a\n1\n")
    lay(root, "truong/cap-2.csv", "a\n1\n")
    lay(root, "ghi-chu/doc.md", "khong phai du lieu")
    bench.run()
    assert titles(bench) == dict.fromkeys(["so-lieu 2026", "chat-luong", "truong"], "draft")
    assert sorted(bench.records()) == ["nuoc", "so-lieu_2026.csv", "truong"]


def test_an_unchanged_rerun_opens_no_file(bench, root, monkeypatch):
    lay(root, "cang/metadata.yaml", SIDECAR)
    lay(root, "cang/cang.csv", "a\n1\n")
    bench.run()
    monkeypatch.setattr(FolderAccess, "open", lambda *_: pytest.fail("opened"))
    monkeypatch.setattr(FolderAccess, "has", lambda *_: False)
    assert bench.run().counts["unchanged"] == 1


def test_a_file_touched_without_a_change_is_noise_and_only_it_is_read(bench, root, monkeypatch):
    lay(root, "cang/metadata.yaml", SIDECAR + "  - file: ben.csv\n")
    lay(root, "cang/cang.csv", "a\n1\n")
    lay(root, "cang/ben.csv", "b\n2\n")
    bench.run()
    os.utime(root / "cang/ben.csv", (1_700_000_500, 1_700_000_500))
    opened = []
    real = FolderAccess.open
    monkeypatch.setattr(FolderAccess, "open", lambda io, path: opened.append(path) or real(io, path))
    assert bench.run().counts["noise"] == 1
    assert opened == ["cang/metadata.yaml", "cang/ben.csv"]


def test_a_changed_file_is_a_new_version_of_the_same_resource(platform, bench, root):
    lay(root, "cang/metadata.yaml", SIDECAR)
    lay(root, "cang/cang.csv", "a\n1\n")
    bench.run()
    (before,) = resources(platform)
    file = lay(root, "cang/cang.csv", "a\n1\n2\n")
    os.utime(file, (1_700_001_000, 1_700_001_000))
    assert bench.run().counts["changed"] == 1
    (after,) = resources(platform)
    assert after.id == before.id
    assert after.sha256 != before.sha256


def test_a_file_still_being_written_waits_for_its_mark(bench, root):
    file = lay(root, "cang/cang.csv", "a\n1\n")
    os.utime(file)
    run = bench.run()
    assert (run.error_code, run.proof["reasons"]) == ("partial", ["unread"])
    assert not bench.records()
    lay(root, "cang/cang.csv.done", "")
    assert bench.run().complete


def test_a_lost_mount_is_no_empty_folder(platform, root):
    bench = a_source(platform, type="folder", url=str(root), config={"marker": "day-la-thu-muc.txt"})
    marker = lay(root, "day-la-thu-muc.txt", "")
    lay(root, "cang/cang.csv", "a\n1\n")
    assert bench.run().complete
    shutil.rmtree(root / "cang")
    marker.unlink()
    run = bench.run()
    assert (run.complete, "missing" in run.counts) == (False, False)


def test_an_unreadable_folder_of_several_makes_the_run_partial(bench, root, monkeypatch):
    real = os.open

    def refusing(path, *flags, **options):
        if path == "c":
            raise PermissionError(13, "Permission denied")
        return real(path, *flags, **options)

    for name in "abcde":
        lay(root, f"{name}/x.csv", "a\n1\n")
    monkeypatch.setattr(os, "open", refusing)
    run = bench.run()
    assert (run.complete, len(bench.records())) == (False, 4)


class Torn(io.BytesIO):
    def read(self, size=-1):
        raise OSError(errno.EIO, "Input/output error")


def test_a_file_whose_medium_fails_costs_its_own_dataset_only(platform, bench, root, monkeypatch):
    real = FolderAccess.open

    def torn(folder, path):
        stream = real(folder, path)
        if not path.startswith("a/"):
            return stream
        stream.close()
        return Torn()

    for name in "abc":
        lay(root, f"{name}/x.csv", f"{name}\n1\n")
    monkeypatch.setattr(FolderAccess, "open", torn)
    run = bench.run()
    assert (run.state, run.counts["created"], run.counts["quarantined"]) == ("done_with_errors", 2, 1)
    (problem,) = bench.records()["a"].problem
    assert (problem["code"], problem["path"]) == ("unreadable_file", "a/x.csv")
    monkeypatch.undo()
    assert (bench.run().state, len(resources(platform))) == ("done", 3)


def test_a_file_above_the_limit_costs_its_own_dataset_only(platform, bench, root):
    for name in "bc":
        lay(root, f"{name}/x.csv", f"{name}\n1\n")
    platform.settings = replace(platform.settings, max_upload_mb=1)
    lay(root, "a/x.csv", b"1" * ((1 << 20) + 1))
    run = bench.run()
    assert (run.state, run.counts["created"], run.counts["quarantined"]) == ("done_with_errors", 2, 1)
    (problem,) = bench.records()["a"].problem
    assert (problem["code"], problem["path"]) == ("too_large_file", "a/x.csv")
    assert problem["message"] == TooLargeFile.message


def test_nothing_outside_the_root_is_ever_read(platform, bench, root, tmp_path):
    (tmp_path / "mat.csv").write_text("bi,mat\n")
    (root / "cang").mkdir()
    (root / "cang" / "mat.csv").symlink_to(tmp_path / "mat.csv")
    (root / "ben-ngoai").symlink_to(tmp_path)
    lay(root, "cang/metadata.yaml", SIDECAR.replace("cang.csv", "../../mat.csv"))
    run = bench.run()
    assert run.state == "done_with_errors"
    assert not resources(platform)
    assert {problem["code"] for problem in bench.records()["cang"].problem} >= {"missing_file"}


def test_a_root_the_operator_did_not_allow_is_refused(platform):
    bench = a_source(platform, type="folder", url="/etc")
    run = bench.run()
    assert (run.state, run.error_code) == ("failed", "forbidden")


@pytest.mark.parametrize(
    ("sidecar", "code"),
    [
        ("a: &x [1]\nb: *x\n", "parse"),
        ("title: [\n", "parse"),
        ("- danh sách\n", "parse"),
        ("title: x\ncontact: 5\n", "wrong_type"),
        ("title: x\nresources: 5\n", "not_a_list"),
        ("x" * (2 << 20), "too_large"),
        ("[" * 5_000, "parse"),
        (b"\xff\xfe\x00", "parse"),
    ],
)
def test_a_hostile_sidecar_costs_its_own_dataset_only(bench, root, sidecar, code):
    lay(root, "xau/metadata.yaml", sidecar)
    lay(root, "xau/a.csv", "a\n")
    lay(root, "tot/metadata.yaml", SIDECAR)
    lay(root, "tot/cang.csv", "a\n1\n")
    run = bench.run()
    assert run.state == "done_with_errors"
    assert bench.records()["xau"].problem[0]["code"] == code
    assert titles(bench) == {"Sản lượng hàng hóa qua cảng": "published"}


def test_a_sheet_of_fields_in_vietnamese_describes_as_well(platform, bench, root):
    rows = [
        ("Trường", "Giá trị"),
        ("Tên bộ dữ liệu", "Chất lượng nước máy"),
        ("Tên tiếng Anh", "Tap water quality"),
        ("Mô tả", "Kết quả đo pH, độ đục và clo dư của nước máy tại các trạm, mỗi ngày một lần."),
        ("Từ khoá", "nước máy; quan trắc"),
        ("LĨNH VỰC:", "ENVI"),
        ("Giấy phép", "CC-BY"),
        ("Tần suất cập nhật", "DAILY"),
        ("Mức độ tiếp cận", "public"),
        ("Căn cứ pháp lý", "Luật 20/2023/QH15"),
        ("Đầu mối liên hệ", "Phòng Tài nguyên nước"),
        ("Email", "nuoc@haiphong.example"),
        ("Ngày công bố", date(2026, 1, 5)),
        ("Phạm vi", "Không gắn địa giới"),
        ("Số liệu mô phỏng?", "x"),
    ]
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet = book.add_worksheet()
        for at, (name, value) in enumerate(rows):
            sheet.write(at, 0, name)
            sheet.write(at, 1, value, day if isinstance(value, date) else None)
    lay(root, "nuoc/metadata.xlsx", out.getvalue())
    lay(root, "nuoc/nuoc.csv", "a\n1\n")
    bench.run()
    (dataset,) = bench.datasets()
    assert dataset.state == "published"
    content = dataset.content
    assert content["title"] == {"vi": "Chất lượng nước máy", "en": "Tap water quality"}
    assert content["keywords"] == {"vi": ["nước máy", "quan trắc"]}
    assert (content["license"], content["issued"]) == ("cc-by-4.0", "2026-01-05")
    assert content["contact"][0]["email"] == "nuoc@haiphong.example"
    assert [p["code"] for p in bench.records()["nuoc"].problem] == ["unknown_field"]


def test_names_in_either_form_of_unicode_are_one_guid(bench, root):
    lay(root, unicodedata.normalize("NFD", "Cảng biển") + "/số liệu.csv", "a\n1\n")
    bench.run()
    assert list(bench.records()) == ["Cảng biển"]


def test_the_demo_city_comes_in_through_its_folders(platform, tmp_path):
    root = tmp_path / "city"
    generate(root, only=["D10"])
    with platform.work(SYSTEM) as work:
        for slug in ("cang-bien-hang-hai", "giao-thong-logistics"):
            work.session.add(Topic(slug=slug, title={"vi": slug}, description={}, modified=work.now))
    (sidecar,) = root.glob("*/*/metadata.yaml")
    bench = a_source(platform, type="folder", url=str(sidecar.parent.parent), code="CVHH")
    run = bench.run()
    assert run.state == "done", run.counts
    (dataset,) = bench.datasets()
    assert (dataset.state, dataset.synthetic) == ("published", True)
    assert [(r.format, r.content["rows"]) for r in resources(platform)] == [("CSV", 11_400), ("XLSX", 11_400)]
