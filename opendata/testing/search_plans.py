"""Random documents and plans: what an index answers is compared with the reference in memory."""

import random
from dataclasses import replace

from opendata.engines.search import Best, Every, IndexDocument, Plan, SearchIndex, Term
from opendata.engines.search.fake import MemoryIndex
from opendata.testing.index_documents import all_pages, dataset


def compare_with_reference(index: SearchIndex, *, rounds: int, seed: int = 7) -> None:
    """Documents in many parts, some written again, some removed; then hits, order, scores, keys, totals
    and counts of random plans."""
    chance = random.Random(seed)  # noqa: S311
    documents = random_documents(chance, 400)
    reference = MemoryIndex()
    for engine in (reference, index):
        for start in range(0, 400, 40):
            engine.write(documents[start : start + 40])
        engine.write(
            [replace(document, sequence=1000) for document in documents[::9]],
            [(document.id, 2000) for document in documents[::11]],
        )
    for _ in range(rounds):
        plan = random_plan(chance)
        expected, found = reference.search(plan), index.search(plan)
        assert replace(found, generation="") == replace(expected, generation=""), plan
        if plan.size > 1:
            assert all_pages(index, plan) == all_pages(reference, plan), plan


def random_documents(chance: random.Random, count: int) -> list[IndexDocument]:
    words = "cảng biển cang bien đất giá cá các tàu tau hàng hải hai sông".split()
    return [
        dataset(
            f"{chance.choice('abc')}{n:04d}",
            " ".join(chance.choices(words, k=4)),
            sequence=n,
            visibility=chance.choice(["public", "public", "org:1"]),
            newest=chance.randrange(4),
            popularity=chance.randrange(3),
            period=chance.choice([None, (n, n + 10)]),
            facets={"tag": chance.choices("tuvw", k=2), "format": [chance.choice(["CSV", "JSON"])]},
            body=" ".join(chance.choices(words, k=3)),
        )
        for n in range(count)
    ]


def random_plan(chance: random.Random) -> Plan:
    def term() -> Term:
        stream = f"{chance.choice(['title', 'body', 'any'])}.{chance.choice(['exact', 'fold'])}"
        token = chance.choice(["cang", "cang\u0309", "bien", "biên\u0309", "tau", "hai", "ca"])
        return Term(stream, token, chance.choice([0.0, 0.45, 1.5, 2.3457]))

    where = chance.choice(
        [
            None,
            term(),
            Best((term(), term())),
            Every((Best((term(), term())),), (term(), Every((term(), term())))),
            Every((term(), term(), term()), (term(),), at_least=2),
            Every((term(),), forbidden=(term(),)),
        ]
    )
    return Plan(
        where=where,
        exact=chance.choice([None, term()]) if where else None,
        visible=frozenset(chance.choice([{"public"}, {"public", "org:1"}, {"*"}])),
        filters=chance.choice([{}, {"tag": ("t",)}, {"tag": ("t", "u"), "format": ("CSV",)}]),
        period=chance.choice([None, (20, 60)]),
        facets=("tag", "format"),
        sort=chance.choice(["relevance", "relevance", "newest", "title", "popularity"]),
        size=chance.choice([1, 5, 20]),
    )
