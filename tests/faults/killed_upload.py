"""Uploads a file to a draft and kills this process after a number of bytes have arrived.

`python killed_upload.py FOLDER BYTES`: makes the city in FOLDER and prints the draft's id first.
"""

import io
import os
import signal
import sys
from pathlib import Path

from opendata.testing.web import build_city

ROWS = b"ma,ten\n" + b"00012,Do Son\n" * 60_000
BODY = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="lon.csv"\r\n'
    b"Content-Type: text/csv\r\n\r\n" + ROWS + b"\r\n--b--\r\n"
)


class Fatal(io.RawIOBase):
    """A body whose reader dies on the way."""

    def __init__(self, bytes_left: int) -> None:
        self.body, self.left = io.BytesIO(BODY), bytes_left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        if self.left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        found = self.body.read(min(len(buffer), 65_536))
        self.left -= len(found)
        buffer[: len(found)] = found
        return len(found)


def main(folder: str, bytes_left: str) -> None:
    city = build_city(Path(folder))
    print(city.draft, flush=True)
    city.client("editor").post(
        f"/api/v1/datasets/{city.draft}/resources",
        environ_overrides={
            "wsgi.input": io.BufferedReader(Fatal(int(bytes_left))),
            "CONTENT_LENGTH": str(len(BODY)),
            "CONTENT_TYPE": "multipart/form-data; boundary=b",
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
