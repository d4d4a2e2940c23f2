"""What templates may do with text."""

import re
from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "opendata" / "doors" / "web" / "templates"
_OF_A_VARIABLE = re.compile(r"(?<![\w.])_\(\s*[A-Za-z_]")


def test_only_texts_of_our_own_are_translated_as_markup() -> None:
    """`_(…)` gives trusted markup and reads `%`; what a variable holds goes through the filter `said`."""
    found = [
        f"{path.relative_to(TEMPLATES)}:{number}"
        for path in sorted(TEMPLATES.rglob("*.html"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _OF_A_VARIABLE.search(line)
    ]
    assert found == []
