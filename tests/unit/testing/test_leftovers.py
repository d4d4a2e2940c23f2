"""What tests leave behind is removed though a server refuses once."""

import psycopg

from opendata.testing import leftovers
from opendata.testing.leftovers import Leftovers


def test_a_server_that_refuses_neither_ends_the_removal_nor_spares_the_other(monkeypatch):
    asked = []

    def refuse(_server, names):
        asked.append(("databases", *names))
        raise psycopg.OperationalError("too many clients")

    def busy(_server, *names):
        asked.append(("indexes", *names))
        raise TimeoutError

    monkeypatch.setattr(leftovers, "_AT_ONCE", 1)
    monkeypatch.setattr(leftovers, "drop_databases", refuse)
    monkeypatch.setattr(leftovers, "remove_indexes", busy)
    removing = Leftovers("postgresql://nowhere/x", "nowhere:1")
    removing.add("a")
    removing.add("b")
    removing.close()
    assert asked == [("databases", "a"), ("indexes", "a"), ("databases", "b"), ("indexes", "b")]
