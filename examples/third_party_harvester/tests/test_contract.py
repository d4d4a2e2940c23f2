"""The harvester keeps the contract that every source type keeps."""

from opendata_harvest_jsonlist import JsonList

from opendata.testing.harvest_contract import HttpHarvesterContract
from opendata.testing.hostile_server import json_answer


class TestJsonList(HttpHarvesterContract):
    harvester = JsonList()

    def entries(self, count):
        return [
            {
                "code": f"x{n}",
                "name": f"Bảng {n}",
                "files": [{"url": "https://a.example/x.csv", "kind": "csv"}],
            }
            for n in range(count)
        ]

    def guid(self, entry):
        return entry["code"]

    def nameless(self, entry):
        return {key: value for key, value in entry.items() if key != "code"}

    def answer(self, entries, seen, cap):
        return json_answer(entries)
