"""The two real lists are the ones their source file speaks of."""

import hashlib
from importlib.resources import files

import pytest
import yaml

from opendata.demo.places import crosswalk, former_city_wards, wards

DATA = files("opendata.demo").joinpath("data")


@pytest.mark.parametrize("name", ["admin_units.csv", "crosswalk.csv"])
def test_the_list_has_the_checksum_of_its_source_file(name):
    source = yaml.safe_load(DATA.joinpath("admin_units.source.yaml").read_text(encoding="utf-8"))
    assert hashlib.sha256(DATA.joinpath(name).read_bytes()).hexdigest() == source["outputs"][name]
    assert (source["package"], source["version"]) == ("vietnamadminunits", "1.0.4")
    assert source["licence"].startswith("MIT License")


def test_the_lists_are_whole():
    assert (len(wards()), len(crosswalk())) == (114, 454)
    assert {ward.code for ward in former_city_wards()} < {ward.code for ward in wards()}


def test_the_island_district_stands_with_its_district_code():
    (island,) = [pair for pair in crosswalk() if pair[4] == "11948"]
    assert (island[0], island[5], island[6]) == ("318", 1.0, False)


def test_a_unit_that_was_split_has_estimated_shares():
    by_old = {}
    for old, *_, share, estimated in crosswalk():
        by_old.setdefault(old, []).append((share, estimated))
    for parts in by_old.values():
        assert all(estimated == (len(parts) > 1) for _, estimated in parts)
