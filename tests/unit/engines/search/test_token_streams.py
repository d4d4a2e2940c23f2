"""Streams are cut and kept by words and lines for speed; that must not show."""

from collections.abc import Mapping
from random import Random

import pytest

from opendata.base.kit.vietnamese import exact_key, gram2, match_key, tokens
from opendata.engines.search import analysis
from opendata.engines.search.analysis import MAX_TOKEN_LENGTH, streams
from opendata.engines.search.protocol import TEXT_FIELDS

_SIGNS = (
    "aăâbcdđeêôơư yYiIÀẢÃÁẠ\u0300\u0301\u0323 \u00a0\u3000\x1c\x85\u2028\u200b\n\r\t\x0b.,;:_-0123456789"
    "⁰²₅！％Ａｆðßİ\ufb01\u0308"
)


def _plainly(text: Mapping[str, str], most: int) -> dict[str, list[str]]:
    """The rules, word by word."""
    found: dict[str, list[str]] = {}
    for name in TEXT_FIELDS:
        left = most
        for line in text.get(name, "").splitlines():
            kept = [token[:MAX_TOKEN_LENGTH] for token in tokens(line)[:left]]
            left -= len(kept)
            exact, folded = list(map(exact_key, kept)), list(map(match_key, kept))
            forms = {"exact": exact, "fold": folded, "exact2": gram2(exact), "fold2": gram2(folded)}
            for form, held in forms.items():
                wholes = (name, "any") if name == "description" else (name, "main", "any")
                for whole in wholes:
                    found.setdefault(f"{whole}.{form}", []).extend(held)
    return {stream: list(dict.fromkeys(held)) for stream, held in found.items() if held}


def _held(text: Mapping[str, str]) -> dict[str, list[str]]:
    return {stream: list(held) for stream, held in streams(text).items() if held}


@pytest.mark.parametrize("most", [20_000, 7])
def test_streams_of_any_signs_are_those_of_the_rules(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(analysis, "MAX_TOKENS", most)
    chance = Random(4)
    for _ in range(400):
        text = {name: "".join(chance.choices(_SIGNS, k=chance.randrange(160))) for name in TEXT_FIELDS}
        assert _held(text) == _plainly(text, most), text


def test_a_line_that_recurs_is_the_same_again_in_any_field() -> None:
    text = dict.fromkeys(TEXT_FIELDS, "Sở Xây dựng\nSở Xây dựng\nQuản lý, cấp phép")
    assert _held(text) == _held(text) == _plainly(text, 20_000)


def test_words_of_any_length_are_cut_and_found() -> None:
    text = {"tags": "đ" * 5_000, "title": f"{'x' * 400}.{'y' * 400} cảng"}
    assert _held(text) == _plainly(text, 20_000)


def test_what_is_given_out_is_not_what_is_kept() -> None:
    text = {"tags": "Cấp nước"}
    streams(text)["tags.fold"].clear()
    assert list(streams(text)["tags.fold"]) == ["cap", "nuoc"]


@pytest.mark.parametrize("between", [" ", "\n", "."])
def test_the_limit_ends_the_work_and_not_only_what_is_kept(
    monkeypatch: pytest.MonkeyPatch, between: str
) -> None:
    keyed, lines = [], []
    original, forms = analysis.token_keys, analysis._forms
    monkeypatch.setattr(analysis, "MAX_TOKENS", 7)
    monkeypatch.setattr(analysis, "token_keys", lambda token: keyed.append(token) or original(token))
    monkeypatch.setattr(analysis, "_forms", lambda line, *most: lines.append(line) or forms(line, *most))
    streams({"title": between.join(f"limit{ord(between)}x{n}" for n in range(100))})
    assert len(keyed) == 7
    assert len([line for line in lines if line]) <= 7
