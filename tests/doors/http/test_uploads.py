"""Multipart bodies, whatever pieces they arrive in."""

import io

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from opendata.doors.http import uploads
from opendata.doors.http.problems import BadRequest

app = Flask(__name__, static_folder=None)
BOUNDARY = "----ranh-gioi"


class Trickle(io.BytesIO):
    """Gives a few bytes at a time, as slow networks do."""

    def __init__(self, body: bytes, piece: int) -> None:
        super().__init__(body)
        self.piece = piece

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self.piece if size is None or size < 0 else min(size, self.piece))


def body_of(fields: dict[str, str], content: bytes) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="số.csv"\r\n\r\n'.encode()
    return b"".join(parts) + head + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def read(body: bytes, piece: int = 1 << 20) -> tuple[uploads.Upload, bytes]:
    with app.test_request_context(
        method="POST",
        input_stream=Trickle(body, piece),
        headers={
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(len(body)),
        },
    ):
        upload = uploads.read()
        chunks = []
        while chunk := upload.stream.read(1000):
            chunks.append(chunk)
        return upload, b"".join(chunks)


@given(
    st.one_of(st.binary(max_size=3000), st.text("\r\n-ab" + BOUNDARY[:6], max_size=300).map(str.encode)),
    st.integers(1, 4000),
)
def test_a_file_arrives_whole_in_any_pieces(content: bytes, piece: int) -> None:
    upload, got = read(body_of({"title_vi": "Tệp", "title_en": ""}, content), piece)
    assert got == content
    assert upload.name == "số.csv"
    assert upload.fields == {"title_vi": "Tệp", "title_en": ""}


@given(st.integers(0, 400))
def test_a_body_cut_anywhere_is_no_file(length: int) -> None:
    body = body_of({"title_vi": "Tệp"}, b"a,b\n" * 30)
    cut = body[: min(length, len(body) - 6)]
    with pytest.raises(BadRequest):
        read(cut)
