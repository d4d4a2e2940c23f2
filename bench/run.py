"""Every measure in one command; tables go to the screen and into bench/results.

    python -m bench [own] [ckan] [limits] [--noisy] [--datasets N] [--scratch DIR] [--ckan-peer DIR]

`own` are the portal's own figures, `ckan` the comparison with a running CKAN, `limits` what a key and its
limits cost a call beside Flask-Limiter. Measures are skipped by name
while another process uses more than 0.3 cores, unless `--noisy` is given.
"""

import argparse
import os
import tempfile
from pathlib import Path

from bench import limits, own, report, side_by_side
from bench.ckan import Ckan
from bench.measuring import Bench
from bench.report import Skipped

PARTS = ("own", "ckan", "limits")


def main() -> None:
    asked = _arguments().parse_args()
    for part in asked.parts or PARTS:
        bench = Bench(noisy=asked.noisy, rows=[], only=asked.only)
        with tempfile.TemporaryDirectory(prefix="bench-") as passing:
            scratch = asked.scratch or Path(passing)
            if part == "own":
                own.measure(bench, scratch, asked.datasets, asked.records)
                title = "The portal alone, embedded mode"
            elif part == "limits":
                limits.measure(bench, scratch)
                title = "A key, its limits and its metering, a request"
            else:
                _beside_ckan(bench, scratch, asked)
                title = "The portal beside CKAN 2.12 with Solr, PostgreSQL and Redis"
        print(report.write(part, title, bench.rows, remarks=[*bench.remarks, *asked.note]))


def _beside_ckan(bench: Bench, scratch: Path, asked: argparse.Namespace) -> None:
    if asked.ckan_peer is None:
        bench.add([Skipped("ckan", "no peer was named: --ckan-peer or BENCH_CKAN_PEER")])
        return
    ckan = Ckan(asked.ckan_peer, asked.ckan_command)
    side_by_side.measure(bench, scratch, ckan, asked.beside, asked.records)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=PARTS, help="all unless named")
    parser.add_argument("--noisy", action="store_true", help="measure beside other work too")
    parser.add_argument("--datasets", type=int, default=100_000, help="size of the own catalogue")
    parser.add_argument("--beside", type=int, default=5_000, help="datasets on both beside CKAN")
    parser.add_argument("--records", type=int, default=5_000, help="records of a harvest")
    parser.add_argument("--only", action="append", default=[], help="take the measure of this name alone")
    parser.add_argument("--note", action="append", default=[], help="a sentence to go with the table")
    parser.add_argument("--scratch", type=Path, help="keep catalogues here for the next run")
    peer, command = "BENCH_CKAN_PEER", "BENCH_CKAN_COMMAND"
    parser.add_argument(
        "--ckan-peer", type=Path, default=_folder(peer), help=f"folder of the peer (or {peer})"
    )
    parser.add_argument(
        "--ckan-command", type=Path, default=_folder(command), help=f"starts its harvests (or {command})"
    )
    return parser


def _folder(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None


if __name__ == "__main__":
    main()
