"""Variants for load tests: as many as wanted, all different, all publishable, always the same."""

from collections import Counter
from itertools import islice

from opendata.demo import variants


def test_variants_differ_in_slug_and_title():
    found = list(variants(12_000))
    assert len({one.slug for one in found}) == len({one.title["vi"] for one in found}) == 12_000
    assert all(len(one.slug) <= 100 for one in found)


def test_variants_are_the_same_each_time_and_a_prefix_of_more():
    few = list(variants(300))
    assert few == list(islice(variants(5_000), 300))
    assert few != list(variants(300, seed="other"))


def test_variants_bring_all_that_is_needed_to_publish():
    for one in variants(500):
        assert len(one.description["vi"]) >= 50
        assert one.themes
        assert one.publisher
        assert one.contact
        assert one.license
        assert one.frequency
        assert one.access_level
        assert one.legal_basis
        assert one.pham_vi
        assert one.synthetic
        (resource,) = one.resources
        assert (resource.kind, resource.format in ("CSV", "JSON")) == ("link", True)


def test_words_are_common_and_rare_as_in_real_catalogues():
    words = Counter(
        word for one in variants(4_000) for word in one.description["vi"].split(": ")[1].split(", ")
    )
    counts = [count for _, count in words.most_common()]
    assert counts[0] > 30 * counts[len(counts) // 2]
    assert len(counts) > 2_000


def test_departments_all_take_part():
    assert len({one.publisher for one in variants(40)}) == 16
