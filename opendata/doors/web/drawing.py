"""Small charts as inline SVG. Sizes are attributes, never styles, so no page needs inline style."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

WIDTH = 200
HEIGHT = 44
PADDING = 3


def sparkline(values: Sequence[float | None], break_at: int | None = None) -> Markup:
    """The course of a series, missing values left out; `break_at` is the index of the first value
    that covers another territory: a dashed line stands before it and the course is not joined."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Markup("")
    low, high = min(known), max(known)
    scale = (HEIGHT - 2 * PADDING) / ((high - low) or 1)
    step = WIDTH / (len(values) - 1)
    points = [
        None
        if value is None
        else (round(index * step, 1), round(HEIGHT - PADDING - (value - low) * scale, 1))
        for index, value in enumerate(values)
    ]
    parts = [points] if break_at is None else [points[:break_at], points[break_at:]]
    drawn = Markup("").join(_course([point for point in part if point]) for part in parts)
    mark = Markup("")
    if break_at is not None:
        x = round((break_at - 0.5) * step, 1)
        mark = Markup('<path class="break" d="M{x} 0V{h}"/>').format(x=x, h=HEIGHT)
    return Markup(
        '<svg class="spark" viewBox="0 0 {w} {h}" preserveAspectRatio="none" aria-hidden="true">{d}{m}</svg>'
    ).format(w=WIDTH, h=HEIGHT, d=drawn, m=mark)


def _course(points: Sequence[tuple[float, float]]) -> Markup:
    if not points:
        return Markup("")
    if len(points) == 1:
        return Markup('<path class="dot" d="M{:g},{:g}h0"/>').format(*points[0])
    line = " ".join(f"{x:g},{y:g}" for x, y in points)
    area = f"M{points[0][0]:g},{HEIGHT} L{line} L{points[-1][0]:g},{HEIGHT}Z"
    return Markup('<path class="area" d="{}"/><path d="M{}"/>').format(area, line)


def histogram(counts: Sequence[int]) -> Markup:
    """The distribution of a column as bars, 40 px high."""
    if not counts or max(counts) == 0:
        return Markup("")
    scale = 40 / max(counts)
    bars = "".join(
        f'<rect x="{index}" y="{40 - count * scale:.1f}" width="0.9" height="{count * scale:.1f}"/>'
        for index, count in enumerate(counts)
    )
    return Markup(  # noqa: S704  # numbers alone
        f'<svg class="histogram" viewBox="0 0 {len(counts)} 40" preserveAspectRatio="none" '
        f'aria-hidden="true">{bars}</svg>'
    )


def share_bar(parts: Iterable[tuple[str, int]]) -> Markup:
    """One bar of named classes in proportion; words and numbers stand beside it."""
    known = [(name, count) for name, count in parts if count]
    total = sum(count for _, count in known)
    if not total:
        return Markup("")
    drawn, left = Markup(""), 0.0
    for name, count in known:
        width = 100 * count / total
        drawn += Markup('<rect class="{}" x="{}%" width="{}%" height="10"/>').format(
            name, round(left, 2), round(max(width - 0.3, 0.3), 2)
        )
        left += width
    return Markup('<svg class="share" aria-hidden="true">{}</svg>').format(drawn)
