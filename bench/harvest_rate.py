"""Harvest rate: a data.json document from a loopback server into a fresh platform with index and provenance.

    python -m bench.harvest_rate [--records 5000]

Prints datasets per second of a first run, of an unchanged one whose document must be read again, and of a
304; phases in seconds; peak memory of the process.
"""

import argparse
import hashlib
import json
import resource
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from opendata.assembly import assemble
from opendata.base.models import Base, HarvestRun
from opendata.base.runtime import SYSTEM, Platform
from opendata.services.harvest import sources
from opendata.settings import Settings
from opendata.testing.harvest_bench import HarvestBench, a_source

GOAL_NEW, GOAL_UNCHANGED, GOAL_304, GOAL_MB = 300, 5_000, 0.5, 400


def document(records: int) -> bytes:
    return json.dumps(
        {
            "conformsTo": "https://project-open-data.cio.gov/v1.1/schema",
            "dataset": [_record(number) for number in range(records)],
        }
    ).encode()


def _record(number: int) -> dict:
    place = ("Hồng Bàng", "Lê Chân", "Ngô Quyền", "Kiến An", "Đồ Sơn")[number % 5]
    return {
        "@type": "dcat:Dataset",
        "identifier": f"hp-{number:06d}",
        "title": f"Số liệu quan trắc chất lượng nước {place} trạm {number}",
        "description": f"Kết quả đo hằng ngày tại trạm {number}, phường {place}: pH, độ đục, clo dư; "
        "do sở công bố, mỗi ngày một tệp.",
        "keyword": ["nước sạch", "quan trắc", place],
        "modified": f"2026-0{1 + number % 9}-1{number % 10}",
        "accessLevel": "public",
        "accrualPeriodicity": "R/P1D",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "publisher": {"name": "Sở Nông nghiệp và Môi trường"},
        "contactPoint": {"fn": "Văn phòng", "hasEmail": "mailto:vp@haiphong.example"},
        "theme": ["ENVI"],
        "distribution": [
            {"title": "CSV", "downloadURL": f"https://a.example/{number}.csv", "mediaType": "text/csv"},
            {
                "title": "JSON",
                "downloadURL": f"https://a.example/{number}.json",
                "mediaType": "application/json",
            },
        ],
    }


class _Server(ThreadingHTTPServer):
    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.body, self.etag = body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/data.json"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        if self.headers.get("If-None-Match") == self.server.etag:
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.send_header("ETag", self.server.etag)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        pass


def platform_in(folder: Path) -> Platform:
    platform = assemble(
        Settings(data_dir=str(folder), mode="test", harvest_allow_loopback=True, log_level="WARNING")
    )
    Base.metadata.create_all(platform.engine)
    return platform


def defaults() -> dict:
    return {
        "defaults": {
            "legal_basis": [{"code": "Luật 20/2023/QH15"}],
            "pham_vi": {"mode": "none"},
            "access_level": "public",
        }
    }


def timed(bench: HarvestBench) -> tuple[HarvestRun, float, float]:
    """The run, its seconds by the clock and those this process had a processor."""
    began, worked = time.perf_counter(), time.process_time()
    run = bench.run()
    return run, time.perf_counter() - began, time.process_time() - worked


def read_again(bench: HarvestBench) -> None:
    """Forget the document's ETag, so that the next run cannot end at a 304."""
    with bench.platform.work(SYSTEM) as work:
        sources.edit(work, sources.get(work, bench.source_id))


def rates(count: int) -> list[tuple[str, float, float]]:
    """(kind of run, its seconds by the clock, of processor time): new, unchanged, behind a 304.

    Raises `RuntimeError` when a run did not do its work.
    """
    return [(name, seconds, worked) for name, _, seconds, worked in _runs(count)[0]]


def _runs(count: int) -> tuple[list[tuple[str, HarvestRun, float, float]], float]:
    """Each run, and peak memory in MB."""
    server = _Server(document(count))
    with tempfile.TemporaryDirectory() as folder:
        platform = platform_in(Path(folder))
        bench = a_source(platform, type="datajson", url=server.url, code="SNNMT", mapping=defaults())
        results = [("new", *timed(bench))]
        read_again(bench)
        results += [("unchanged", *timed(bench)), ("304", *timed(bench))]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        platform.close()
    server.shutdown()
    for name, run, _, _ in results:
        if run.state != "done":
            raise RuntimeError(f"the run {name} ended as {run.state}: {run.error} {run.counts}")
    return results, peak


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--records", type=int, default=5_000)
    count = arguments.parse_args().records
    results, peak = _runs(count)
    for _, run, _, _ in results:
        print(run.counts, run.timings)
    goals = {"new": GOAL_NEW, "unchanged": GOAL_UNCHANGED, "304": f"<{GOAL_304} s"}
    print(f"{'run':<12}{'seconds':>10}{'per second':>12}{'CPU µs each':>13}{'goal':>10}")
    for name, _, seconds, worked in results:
        each = worked / count * 1e6
        print(f"{name:<12}{seconds:>10.2f}{count / seconds:>12.0f}{each:>13.0f}{goals[name]:>10}")
    print(f"memory: {peak:.0f} MB at peak (goal < {GOAL_MB})")


if __name__ == "__main__":
    main()
