"""Reading a department's folder without ever leaving it."""

import os
import unicodedata

import pytest

from opendata.services.harvest.folder import FileEntry, FolderAccess
from opendata.services.harvest.items import SourceError, Unread


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "so-gtvt"
    (folder / "b").mkdir(parents=True)
    (folder / "a.csv").write_text("x")
    (folder / "b/Cảng biển.csv").write_text("yy")
    (folder / ".an").write_text("z")
    (tmp_path / "bi-mat.txt").write_text("bí mật")
    return folder


def opened(root, *, allowed=None, now=4e9):
    return FolderAccess(str(root), allowed=[allowed or root], now=lambda: now)


def test_files_come_in_a_stable_order_with_size_and_time(root):
    os.utime(root / "a.csv", (1_700_000_000, 1_700_000_000))
    first, second = opened(root).walk()
    assert first == FileEntry("a.csv", 1, "2023-11-14T22:13:20.000000+00:00", settled=True)
    assert (second.path, second.size) == ("b/Cảng biển.csv", 2)


def test_a_file_that_may_still_be_written_is_not_settled(root):
    os.utime(root / "a.csv", (1000, 1000))
    assert [next(iter(opened(root, now=now).walk())).settled for now in (1059, 1060)] == [False, True]


def test_names_are_shown_composed_and_opened_as_the_disk_has_them(root):
    name = unicodedata.normalize("NFD", "Đồ Sơn.csv")
    (root / name).write_text("nội dung")
    access = opened(root)
    paths = [one.path for one in access.walk()]
    assert "Đồ Sơn.csv" in paths
    assert access.open("Đồ Sơn.csv").read().decode() == "nội dung"


@pytest.mark.parametrize(
    "path",
    [
        "../bi-mat.txt",
        "b/../../bi-mat.txt",
        "/etc/hostname",
        "",
        ".",
        "b",
        "b//x",
        "a.csv/x",
        "a\x00",
        "..\\x",
        "khong-co",
    ],
)
def test_no_path_leads_out(root, path):
    with pytest.raises(SourceError):
        opened(root).open(path)
    assert not opened(root).has(path)


def test_symbolic_links_are_neither_listed_nor_opened(root):
    (root / "duong-tat.csv").symlink_to(root.parent / "bi-mat.txt")
    (root / "thu-muc").symlink_to(root.parent)
    access = opened(root)
    assert [one.path for one in access.walk()] == ["a.csv", "b/Cảng biển.csv"]
    for path in ("duong-tat.csv", "thu-muc/bi-mat.txt"):
        with pytest.raises(SourceError):
            access.open(path)


def test_pipes_and_sockets_do_not_hang_the_reader(root):
    os.mkfifo(root / "ong")
    assert "ong" not in [one.path for one in opened(root).walk()]
    with pytest.raises(SourceError):
        opened(root).open("ong")


def test_only_folders_the_operator_allows_are_read(root, tmp_path):
    for place in (root.parent, tmp_path / "khong-co"):
        with pytest.raises(SourceError) as caught:
            opened(place, allowed=root)
        assert caught.value.code in {"forbidden", "unreachable"}
    (tmp_path / "vao").symlink_to(root.parent)
    with pytest.raises(SourceError):
        FolderAccess(str(tmp_path / "vao"), allowed=[root], now=lambda: 0)


def test_an_allowed_folder_may_itself_be_a_link(root, tmp_path):
    (tmp_path / "mount").symlink_to(root)
    assert len(list(opened(tmp_path / "mount", allowed=tmp_path / "mount").walk())) == 2


def test_a_folder_too_deep_is_told(root):
    (root / "/".join("x" * 20)).mkdir(parents=True)
    assert any(isinstance(one, Unread) and one.reason == "too deep" for one in opened(root).walk())


def test_a_folder_that_went_away_is_unreachable(root, tmp_path):
    access = opened(root)
    root.rename(tmp_path / "khac")
    with pytest.raises(SourceError) as caught:
        list(access.walk())
    assert caught.value.code == "unreachable"


def test_a_link_put_in_the_way_later_is_not_followed(root, tmp_path):
    (tmp_path / "khac/b").mkdir(parents=True)
    (tmp_path / "khac/b/x.csv").write_text("của người khác")
    access = opened(root / "b", allowed=tmp_path)
    assert len(list(access.walk())) == 1
    root.rename(tmp_path / "cu")
    root.symlink_to(tmp_path / "khac")
    with pytest.raises(SourceError):
        list(access.walk())
    with pytest.raises(SourceError):
        access.open("x.csv")
