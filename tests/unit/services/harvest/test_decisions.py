"""The pure decisions of a harvest: what became of a record, whether a listing was complete, what goes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.base.formats.record import Contact, DatasetRecord, LegalBasis, ResourceRecord, Scope
from opendata.base.kit.vocabularies import Vocabularies
from opendata.services.harvest import proof, validate
from opendata.services.harvest.blobs import NotStorable, plain, value
from opendata.services.harvest.compare import Known, Seen, decide
from opendata.services.harvest.contract import Source, Unread
from opendata.services.harvest.file_list import FileList
from opendata.services.harvest.listing import ListingLog
from opendata.services.harvest.problems import MAX_PROBLEMS, Problem, as_json
from opendata.services.harvest.proof import Listing, assess, totals_agree

GOOD = Known("current", "id", "h1", "n1", 1)


@pytest.mark.parametrize(
    ("known", "seen", "version", "expected"),
    [
        (None, Seen("h1"), 1, "new"),
        (GOOD, Seen("h1"), 1, "unchanged"),
        (GOOD, Seen("h2"), 1, "changed"),
        (GOOD, Seen("h1"), 2, "changed"),
        (Known("archived", "id", "h1", "n1", 1), Seen("h1"), 1, "reappeared"),
        (Known("deleted", "id", "h1", "n1", 1), Seen("h2"), 1, "reappeared"),
        (Known("quarantined", "id", "h1", "n1", 1), Seen("h1"), 1, "changed"),
        (Known("quarantined", None, "h1", None, 1), Seen("h1"), 1, "new"),
        (GOOD, Seen(None, deleted=True), 1, "deleted"),
        (GOOD, Seen(None, broken=True), 1, "quarantined"),
        (None, Seen(None), 1, "quarantined"),
    ],
)
def test_the_class_of_a_record_follows_from_what_was_known_and_what_was_seen(known, seen, version, expected):
    assert decide(known, seen, version) == expected


@pytest.mark.parametrize(
    ("expected", "seen", "agrees"),
    [
        (None, 0, True),
        (0, 0, True),
        (0, 3, False),
        (10, 8, True),
        (10, 7, False),
        (10, 13, False),
        (1000, 990, True),
        (1000, 989, False),
        (1000, 1010, True),
        (1000, 1011, False),
    ],
)
def test_a_total_may_be_off_by_two_or_one_percent_on_both_sides(expected, seen, agrees):
    assert totals_agree(expected, seen) is agrees


def test_only_a_listing_read_to_its_end_without_a_gap_is_complete():
    good = Listing(ended=True, expected=10, distinct=9, unnamed=1)
    assert assess(good, ListingLog(), scope="s", last_scope=None).complete
    log = ListingLog()
    log.fault("page_loop", "https://a.example/?page=2")
    assert assess(good, log, scope="s", last_scope=None).reasons == ("page_loop",)
    partial = Listing(ended=False, incremental=True, unread=[Unread("a", "b")], expected=10)
    found = assess(partial, ListingLog(), scope="s", last_scope=None)
    assert found.reasons == ("no_end", "incremental", "unread", "total_mismatch")


def test_records_without_a_name_make_absence_unsure_and_a_new_scope_is_a_baseline():
    found = assess(Listing(ended=True, unnamed=1), ListingLog(), scope="new", last_scope="old")
    assert (found.complete, found.unsure, found.baseline) == (True, True, True)
    assert proof.restored(found.as_json()) == found


def test_a_scope_is_address_type_and_settings():
    base = Source(id="1", type="ckan", url="https://a.example", config={"q": "x"})
    other = Source(id="2", type="ckan", url="https://a.example", config={"q": "x"})
    moved = Source(id="1", type="ckan", url="https://b.example", config={"q": "x"})
    assert proof.scope_of(base) == proof.scope_of(other) != proof.scope_of(moved)


PUBLISHABLE = DatasetRecord(
    title={"vi": "Cảng"},
    description={"vi": "Khối lượng hàng hóa qua cảng mỗi tháng, tính bằng tấn, do cảng vụ công bố."},
    themes=("TRAN",),
    publisher="x",
    contact=(Contact(name={"vi": "Văn phòng"}, email="a@b.example"),),
    license="cc0",
    access_level="public",
    legal_basis=(LegalBasis(code="x"),),
    frequency="MONTHLY",
    pham_vi=Scope(mode="none"),
    resources=(ResourceRecord(access_url="https://a.example/a.csv", format="CSV"),),
)


@pytest.fixture(scope="module")
def vocabularies():
    return Vocabularies()


def test_a_record_below_the_gate_becomes_a_draft_or_keeps_the_published_version(vocabularies):
    good = validate.judge(PUBLISHABLE, vocabularies, published=False)
    assert good.content
    assert good.publish
    bare = DatasetRecord(title={"vi": "Cảng"}, publisher="x")
    draft = validate.judge(bare, vocabularies, published=False)
    assert draft.content
    assert not draft.publish
    assert {problem.severity for problem in draft.problems} == {"held"}
    kept = validate.judge(bare, vocabularies, published=True)
    assert kept.content is None
    assert {problem.severity for problem in kept.problems} == {"error"}


def test_an_invalid_record_is_told_with_field_value_and_rule(vocabularies):
    wrong = DatasetRecord(title={"vi": "Cảng"}, landing_page="ftp://a.example/" + "x" * 400)
    (problem,) = validate.judge(wrong, vocabularies, published=False).problems
    assert (problem.severity, problem.path) == ("error", "landing_page")
    assert problem.message
    assert len(problem.value) == 200


def test_problems_are_bounded_and_the_gravest_come_first():
    many = [Problem("warning", f"w{n}") for n in range(200)] + [Problem("error", "e")]
    kept = as_json(many)
    assert len(kept) == MAX_PROBLEMS
    assert kept[0]["code"] == "e"
    assert as_json([]) is None


@given(st.one_of(st.binary(), st.text(st.characters(exclude_categories=["Cs"]))))
def test_raw_bytes_and_text_come_back_as_they_were(raw):
    assert value(plain(raw)) == raw


def test_equal_values_have_one_form_and_what_no_store_can_hold_is_refused():
    assert plain({"a": 1, "b": [2]}) == plain({"b": [2], "a": 1})
    for bad in ({"a": 2**70}, "\ud800", {"a": object()}):
        with pytest.raises(NotStorable):
            plain(bad)


def test_files_of_one_name_are_told_apart():
    files = FileList()
    names = [files.add(path, size=1, modified="m").file_name for path in ("a/x.csv", "b/x.csv", "c/x.csv")]
    assert names == ["x.csv", "x (2).csv", "x (3).csv"]
    assert files.references["x (2).csv"].path == "b/x.csv"
