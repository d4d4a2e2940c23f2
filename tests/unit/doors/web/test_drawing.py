"""Small charts draw what the numbers say and nothing else."""

import re

from opendata.doors.web.drawing import histogram, share_bar, sparkline


def test_a_course_is_not_joined_over_a_break_of_territory() -> None:
    drawn = sparkline([1, 2, 3, 8, 9, 10], break_at=3)
    lines = re.findall(r'<path d="M([^"]+)"', drawn)
    assert len(lines) == 2
    assert 'class="break"' in drawn


def test_missing_values_are_left_out() -> None:
    drawn = sparkline([1, None, 3])
    assert re.findall(r'<path d="M([^"]+)"', drawn) == ["0,41 200,3"]


def test_too_little_to_show_shows_nothing() -> None:
    assert sparkline([5]) == ""
    assert histogram([]) == ""
    assert histogram([0, 0]) == ""
    assert share_bar([("late", 0)]) == ""


def test_a_flat_series_stays_within_the_picture() -> None:
    heights = [float(pair.split(",")[1]) for pair in re.findall(r"[\d.]+,[\d.]+", sparkline([7, 7, 7]))]
    assert max(heights) <= 44


def test_shares_fill_the_bar() -> None:
    widths = [float(width) for width in re.findall(r'width="([\d.]+)%"', share_bar([("a", 1), ("b", 3)]))]
    assert 98 <= sum(widths) <= 100
