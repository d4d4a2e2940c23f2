"""What pages load is light, named by its content, and survives an upgrade."""

import gzip
import json
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from opendata.doors.web.static_files import STATIC, StaticFiles

HASHED = re.compile(r".+-[0-9A-Z]{8}\.\w+$")


def compressed(name: str) -> int:
    return len(gzip.compress((STATIC / StaticFiles().manifest[name]).read_bytes()))


def test_pages_stay_light(built: ModuleType) -> None:
    assert compressed("site.css") <= 25_000
    assert compressed("site.js") + compressed("theme.js") <= 30_000


def test_fonts_stay_under_90_kilobytes(built: ModuleType) -> None:
    fonts = {name for name in StaticFiles().manifest.values() if name.endswith(".woff2")}
    assert fonts
    assert sum((STATIC / name).stat().st_size for name in fonts) <= 90_000


def test_every_file_and_every_address_in_it_is_named_by_content(built: ModuleType) -> None:
    for name in StaticFiles().manifest.values():
        assert HASHED.match(name)
        if name.endswith(".css"):
            inner = re.findall(r"url\(\"?([^)\"]+)\"?\)", (STATIC / name).read_text(encoding="utf-8"))
            assert [url for url in inner if not HASHED.match(url)] == []


@pytest.fixture
def copy(built: ModuleType, tmp_path: Path) -> Path:
    """The front end with its own output folder; packages are shared with the real one."""
    source = built.FRONTEND
    target = tmp_path / "frontend"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules"))
    (target / "node_modules").symlink_to(source / "node_modules")
    return target


def build(built: ModuleType, copy: Path, out: Path) -> dict[str, str]:
    node, _ = built.find_node()
    built.run([*node, str(copy / "build.mjs"), str(out)])
    made: dict[str, str] = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return made


def test_a_changed_rule_changes_the_name_and_the_last_build_stays(
    built: ModuleType, copy: Path, tmp_path: Path
) -> None:
    out = tmp_path / "static"
    first = build(built, copy, out)
    with (copy / "styles/base.css").open("a", encoding="utf-8") as rules:
        rules.write("body { margin: 1px }\n")
    second = build(built, copy, out)
    assert second["site.css"] != first["site.css"]
    assert second["site.js"] == first["site.js"]
    assert (out / first["site.css"]).is_file()
    with (copy / "styles/base.css").open("a", encoding="utf-8") as rules:
        rules.write("body { margin: 2px }\n")
    build(built, copy, out)
    assert not (out / first["site.css"]).exists()
