"""Keys have one form, prove their typing, and never stand whole in a text that is kept."""

import random
import re

import pytest

from opendata.base.kit import base62, secrets
from opendata.base.kit.secrets import Peppers, Unsealable, read_peppers

VECTORS = {
    "live": "hpd_live_K7Qm2xVb9LtRz4NcW8sYp1HdGf6JaE3u3EY1lJ",
    "test": "hpd_test_K7Qm2xVb9LtRz4NcW8sYp1HdGf6JaE3u017BtM",
}
SEED = random.randrange(2**32)
KEY = b"0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def chance() -> random.Random:
    print(f"seed {SEED}")
    return random.Random(SEED)


@pytest.mark.parametrize(("kind", "text"), VECTORS.items())
def test_the_known_keys_are_read(kind: str, text: str) -> None:
    assert secrets.kind_of(text, "hpd") == kind
    assert len(text) == 47
    assert secrets.complete("hpd", kind, text[9:41]) == text


@pytest.mark.parametrize("kind", secrets.KINDS)
def test_every_kind_is_drawn_in_the_same_form(kind: str) -> None:
    drawn = {secrets.draw("hpd", kind) for _ in range(200)}
    assert len(drawn) == 200
    assert all(secrets.kind_of(text, "hpd") == kind for text in drawn)
    assert all(re.fullmatch(rf"hpd_{kind}_[0-9A-Za-z]{{38}}", text) for text in drawn)


def test_every_typing_error_is_seen_without_a_look(chance: random.Random) -> None:
    for _ in range(300):
        text = secrets.draw("hpd", "live")
        place = chance.randrange(9, len(text))
        other = chance.choice([sign for sign in base62.ALPHABET if sign != text[place]])
        swapped = list(text)
        swapped[place - 1], swapped[place] = swapped[place], swapped[place - 1]
        for wrong in (
            text[:place] + other + text[place + 1 :],
            text[:place] + text[place + 1 :],
            text[:place] + other + text[place:],
            text.swapcase(),
            text + " ",
            text + "\n",
            *([] if "".join(swapped) == text or place == 9 else ["".join(swapped)]),
        ):
            assert secrets.kind_of(wrong, "hpd") is None, wrong


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "hpd_live_",
        "x" * 100_000,
        "hpd_live_" + "é" * 38,
        "hpd_sk_" + "a" * 38,
        "\0" * 47,
        "hpd_live",
    ],
)
def test_garbage_is_no_key(text: str) -> None:
    assert secrets.kind_of(text, "hpd") is None


def test_a_key_of_another_portal_is_no_key() -> None:
    assert secrets.kind_of(VECTORS["live"], "abc") is None


@pytest.mark.parametrize("kind", secrets.KINDS)
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "GET /x?api_key={}&y=1",
        "Authorization: Bearer {}",
        "%3D{}%26",
        '{{"key":"{}"}}',
        "X{}X",
        "('{}',)",
        "{0} and {0}",
    ],
)
def test_texts_that_are_kept_show_six_characters(kind: str, around: str) -> None:
    text = secrets.draw("hpd", kind)
    kept = secrets.redact(around.format(text))
    assert text[-38 + 6 :] not in kept
    assert text[: len(f"hpd_{kind}_") + 6] in kept


def test_a_key_that_was_cut_short_is_cut_further() -> None:
    text = VECTORS["live"]
    assert text[15:30] not in secrets.redact(text[:30])


def test_digests_need_the_pepper_and_are_found_under_every_one() -> None:
    old, new = Peppers({"1": KEY}), Peppers({"2": KEY[::-1], "1": KEY})
    text = VECTORS["live"]
    assert new.current == "2"
    assert old.digest(text) in new.digests(text)
    assert new.digests(text)[old.digest(text)] == "1"
    assert old.digest(text) != new.digest(text)


def test_what_is_sealed_opens_for_its_purpose_only() -> None:
    one, both = Peppers({"1": KEY}), Peppers({"2": KEY[::-1], "1": KEY})
    boxed = one.seal("bí mật", "totp a")
    assert "bí mật" not in boxed
    assert both.unseal(boxed, "totp a") == "bí mật"
    for wrong in (boxed[:-2] + "AA", "9" + boxed[1:]):
        with pytest.raises(Unsealable):
            both.unseal(wrong, "totp a")
    with pytest.raises(Unsealable):
        both.unseal(boxed, "totp b")


@pytest.mark.parametrize(
    "texts", [(), ("1:short",), ("nokid",), (":" + "x" * 40,), ("1:" + "x" * 40, "1:" + "y" * 40)]
)
def test_weak_peppers_are_refused(texts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="key_peppers"):
        read_peppers(texts)


def test_base62_keeps_order_and_width() -> None:
    assert base62.encode(0, 6) == "000000"
    assert base62.encode(62**6 - 1, 6) == "zzzzzz"
    assert base62.encode(2**32 - 1, 6) < "zzzzzz"
    with pytest.raises(ValueError, match="fit"):
        base62.encode(62**6, 6)
