"""The accounts of the demo city, one for each role. The passwords are public: they open made data only."""

# ruff: noqa: S106  # these passwords are meant to be read

from dataclasses import dataclass

from opendata.base.formats.record import LangText


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`role` is a role in the body with code `body`; without both the account operates the portal."""

    email: str
    name: str
    password: str
    title: LangText
    role: str | None = None
    body: str | None = None

    @property
    def operator(self) -> bool:
        return self.role is None


PEOPLE = (
    Person(
        email="quantri@haiphong.example",
        name="Quản trị Mô Phỏng",
        password="song-cam-quan-tri",
        title={"vi": "Quản trị cổng", "en": "Portal operator"},
    ),
    Person(
        email="phutrach@haiphong.example",
        name="Phụ trách Mô Phỏng",
        password="song-cam-phu-trach",
        title={"vi": "Phụ trách của Sở Xây dựng", "en": "Administrator, Department of Construction"},
        role="admin",
        body="SXD",
    ),
    Person(
        email="duyet@haiphong.example",
        name="Kiểm duyệt Mô Phỏng",
        password="song-cam-kiem-duyet",
        title={"vi": "Người duyệt của Sở Xây dựng", "en": "Reviewer, Department of Construction"},
        role="reviewer",
        body="SXD",
    ),
    Person(
        email="bientap@haiphong.example",
        name="Biên tập Mô Phỏng",
        password="song-cam-bien-tap",
        title={"vi": "Biên tập viên của Sở Xây dựng", "en": "Editor, Department of Construction"},
        role="editor",
        body="SXD",
    ),
    Person(
        email="thanhvien@haiphong.example",
        name="Thành viên Mô Phỏng",
        password="song-cam-thanh-vien",
        title={"vi": "Thành viên của Sở Xây dựng", "en": "Member, Department of Construction"},
        role="member",
        body="SXD",
    ),
)
