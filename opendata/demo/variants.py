"""Many more datasets for load tests: metadata only, variants of the forty with links for files."""

from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import accumulate
from typing import Any

from opendata.base.formats.record import DatasetRecord, Period, ResourceRecord
from opendata.demo.catalogue import Dataset, datasets
from opendata.demo.draw import Draw, zipf
from opendata.demo.generation import DEFAULT_SEED
from opendata.demo.places import Ward, wards
from opendata.demo.writing import sidecar
from opendata.demo.writing.calendar import DEFAULT_AS_OF
from opendata.demo.writing.columns import flat_columns

FIRST_YEAR, MONTHS = 2010, 192
VOCABULARY = 4_000
RIBBON = 1 << 16
WORDS_EACH = 14
FORMATS = (("CSV", "text/csv"), ("JSON", "application/json"))
LINKS = "https://du-lieu.haiphong.example"

SYLLABLES = (
    "an bình cảng chợ công dân dịch đất điện đô đường gạo giáo giao hải hàng hộ hồ khách khoa khu kinh lao "
    "lâm lịch luồng lượng mạng máy môi mưa mức nghề ngành người nhà nông nước phí phòng quỹ rừng sản sông số "
    "tài tàu thành thị thu thuế thủy thương tỉnh trạm trường tuyến ủy văn vận viện vốn vùng vụ xã xây xe y "
    "bãi bến biển cầu cây chỉ chính chiều chuyên cơ cung cư diện doanh du giá giống hạ học hội hợp kế khí"
)


def variants(n: int, seed: str = DEFAULT_SEED) -> Iterator[DatasetRecord]:
    """`n` different records that pass the publish gate; the first k of n are those of any larger n.

    Titles name a dataset, a ward and a month; descriptions and keywords follow a vocabulary in which few
    words are common and most are rare, as in real catalogues.
    """
    draw = Draw(seed, "variants")
    ribbon = _ribbon(draw)
    bases = [_Base(dataset) for dataset in datasets().values()]
    for number in range(n):
        base = bases[number % len(bases)]
        rest = number // len(bases)
        ward = wards()[rest % len(wards())]
        round_, month = divmod(rest // len(wards()), MONTHS)
        at = int(draw.unit() * (RIBBON - WORDS_EACH))
        yield _variant(base, ward, month, round_, ribbon[at : at + WORDS_EACH])


class _Base:
    """What all variants of a dataset share, worked out once."""

    def __init__(self, dataset: Dataset) -> None:
        made = sidecar.record(dataset, (), DEFAULT_AS_OF)
        self.dataset = dataset
        self.columns = flat_columns(dataset.columns)
        self.facts = {field.name: getattr(made, field.name) for field in fields(made)}
        self.facts |= {"synthetic": True, "synthetic_columns": (), "extras": {}}


def _variant(base: _Base, ward: Ward, month: int, round_: int, words: Sequence[str]) -> DatasetRecord:
    dataset, year, of_year = base.dataset, FIRST_YEAR + month // 12, month % 12 + 1
    again = f" ({round_ + 1})" if round_ else ""
    period = f"{year}-{of_year:02d}"
    slug = f"{dataset.slug}-{ward.code}-{year}{of_year:02d}{f'-{round_ + 1}' if round_ else ''}"
    place = f"{ward.kind.lower()} {ward.name}"
    title = {
        "vi": f"{dataset.title['vi']}: {place}, tháng {of_year}/{year}{again}",
        "en": f"{dataset.title['en']}: {ward.name}, {period}{again}",
    }
    about = f"Số liệu của {place}: {', '.join(words)}. {dataset.what['vi']}"
    values: dict[str, Any] = {
        **base.facts,
        "title": title,
        "description": {"vi": about, "en": f"{ward.name}, {period}. {dataset.what['en']}"},
        "slug": slug,
        "keywords": {
            "vi": list(dict.fromkeys((words[0], words[1], *dataset.keywords["vi"][:2]))),
            "en": [dataset.keywords["en"][0]],
        },
        "issued": f"{period}-28",
        "last_update": f"{period}-28T08:00:00+07:00",
        "data_until": period,
        "temporal": Period(start=period, end=period),
        "resources": (_link(base, slug, title, of_year),),
    }
    return DatasetRecord(**values)


def _link(base: _Base, slug: str, title: Mapping[str, str], turn: int) -> ResourceRecord:
    form, media = FORMATS[turn % len(FORMATS)]
    url = f"{LINKS}/{slug}.{form.lower()}"
    return ResourceRecord(
        title=dict(title),
        kind="link",
        access_url=url,
        download_url=url,
        format=form,
        media_type=media,
        columns=base.columns,
    )


def _ribbon(draw: Draw) -> list[str]:
    """A long run of words, the commonest about a thousand times as frequent as the rarest."""
    syllables = SYLLABLES.split()
    vocabulary = [f"{draw.pick(syllables)} {draw.pick(syllables)}" for _ in range(VOCABULARY)]
    edges = list(accumulate(zipf(VOCABULARY)))
    return [vocabulary[min(bisect(edges, draw.unit() * edges[-1]), VOCABULARY - 1)] for _ in range(RIBBON)]
