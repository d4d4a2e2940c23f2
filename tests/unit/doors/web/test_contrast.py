"""Text stands out from its ground in light and in dark."""

import math
import re
from pathlib import Path

import pytest

import opendata.doors.web

TOKENS = Path(opendata.doors.web.__file__).parent / "frontend/styles/tokens.css"
SOURCE = TOKENS.read_text(encoding="utf-8")
OKLCH = re.compile(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)")


def tokens() -> dict[str, tuple[str, str]]:
    """Role to its light and dark colour, aliases followed."""
    found = {
        name: (OKLCH.findall(value)[0], OKLCH.findall(value)[1])
        for name, value in re.findall(r"--([\w-]+): light-dark\((.+)\);", SOURCE)
    }
    for name, other in re.findall(r"--([\w-]+): var\(--([\w-]+)\);", SOURCE):
        if other in found:
            found[name] = found[other]
    return found


def pairs() -> list[tuple[str, str, float]]:
    """What the token file itself promises, at its end."""
    promised = []
    for least, names in re.findall(r"contrast ([\d.]+): ([^:*]+?)(?=contrast|\*/)", SOURCE, re.DOTALL):
        promised += [(*pair.split("/"), float(least)) for pair in names.split()]
    return promised


def luminance(oklch: tuple[str, str, str]) -> float:
    """Relative luminance (WCAG 2) of a colour in OKLCH."""
    lightness, chroma, hue = (float(part) for part in oklch)
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(1, max(0, part)) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[str, str, str], other: tuple[str, str, str]) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_black_on_white_is_the_known_21() -> None:
    assert contrast(("0", "0", "0"), ("1", "0", "0")) == pytest.approx(21, abs=0.1)


def test_the_token_file_promises_every_text_colour() -> None:
    texts = {one for one, _, least in pairs() if least == 4.5}
    assert {"ink", "ink-soft", "accent", "on-accent", "late", "due", "good"} <= texts


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), pairs())
def test_colours_stand_out_as_promised(front: str, ground: str, least: float, mode: int) -> None:
    known = tokens()
    assert contrast(known[front][mode], known[ground][mode]) >= least
