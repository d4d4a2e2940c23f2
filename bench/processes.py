"""What processes cost, from /proc: processor time and memory of a tree, and who else is at work."""

import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
LOUD = 0.3
"""Cores another process may use before a measure counts as disturbed."""


def _stats() -> Iterator[tuple[int, list[str]]]:
    """(pid, fields of stat from the state on) of every process."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "stat").read_text().rsplit(") ", 1)[1].split()
            except OSError:
                continue


def _seconds(stat: list[str]) -> float:
    return sum(map(int, stat[11:13])) / TICK


def tree(roots: Iterable[int]) -> set[int]:
    """The processes and all that descend from them."""
    children: dict[int, list[int]] = {}
    for pid, stat in _stats():
        children.setdefault(int(stat[1]), []).append(pid)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def cpu(roots: Iterable[int]) -> float:
    """Seconds of processor time that the living members of the trees have used."""
    members = tree(roots)
    return sum(_seconds(stat) for pid, stat in _stats() if pid in members)


def memory(roots: Iterable[int]) -> tuple[float, float]:
    """(resident MB of the trees, the same with shared pages counted once)."""
    members = tree(roots)
    return sum(_kb(pid, "status", "VmRSS:") for pid in members) / 1024, sum(
        _kb(pid, "smaps_rollup", "Pss:") for pid in members
    ) / 1024


def _kb(pid: int, file: str, key: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(key)), 0)


def others(ours: Iterable[int], seconds: float = 1.0) -> Mapping[str, float]:
    """Cores used meanwhile by each process outside of our trees that is louder than `LOUD`."""
    mine = tree([*ours, os.getpid()])
    before = {pid: _seconds(stat) for pid, stat in _stats()}
    time.sleep(seconds)
    loud = {}
    for pid, stat in _stats():
        used = (_seconds(stat) - before.get(pid, 0.0)) / seconds
        if pid not in mine and used > LOUD:
            loud[_name(pid)] = loud.get(_name(pid), 0.0) + used
    return loud


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "?"


def machine() -> str:
    """Processor, memory and interpreter in one line."""
    cpus = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in cpus if line.startswith("model name")), "?")
    total = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    python = platform.python_version()
    return f"{os.cpu_count()} cores ({model}), {total:.0f} GiB, Python {python}, loopback"
