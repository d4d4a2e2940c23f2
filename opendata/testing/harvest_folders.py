"""Folders that a source of type folder may read: so many datasets, each with one small file."""

import os
from pathlib import Path

LAID = 1_700_000_000
"""Time stamp of the first edition; what is still being written is not read."""


def lay(root: Path, count: int, *, edition: int = 1, first: int = 0) -> None:
    """Datasets `first` to `first + count - 1`, each in a folder of its own, complete enough to be published.
    Another `edition` changes the title and the file of each."""
    for number in range(first, first + count):
        folder = root / f"bo-{number:05d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "metadata.yaml").write_text(
            f"title: {title(number, edition)}\n"
            "description: Số liệu do sở công bố mỗi tháng, dùng để thử đường đi của dữ liệu qua cổng.\n"
            "themes: [TRAN]\nlicense: cc0\nfrequency: MONTHLY\naccess_level: public\n"
            "contact: [{name: {vi: Văn phòng}, email: vp@haiphong.example}]\n"
            "legal_basis: [{code: Luật 20/2023/QH15}]\npham_vi: {mode: none}\n"
            "resources: [{file: a.csv}]\n"
        )
        (folder / "a.csv").write_bytes(body(number, edition))
        for file in folder.iterdir():
            os.utime(file, (LAID + edition, LAID + edition))


def body(number: int, edition: int = 1) -> bytes:
    return (f"ma,ten\n{number},A{edition}\n" * 50).encode()


def title(number: int, edition: int = 1) -> str:
    return f"Bộ dữ liệu {number}" + (f" bản {edition}" if edition > 1 else "")
