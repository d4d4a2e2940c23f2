"""The embedded search on made-up datasets: index rate, pages of a Zipf query log, drift scan, rebuild.

    python bench/search_engine.py [--datasets 100000] [--queries 3000] [--folder DIR] [--json FILE]

A page is what a reader gets: interpretation, planning, 20 rows, five facets and a filter on every fifth
query. "cold" asks each query for the first time in its index generation, "log" follows the query log with
the cache of the engine on. Times of pages are CPU time of the process, which other work on the machine
does not lengthen.
"""

import argparse
import json
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import quantiles

from opendata.base.kit.vietnamese import fold, sort_key
from opendata.base.kit.vocabularies import Vocabularies
from opendata.engines.search import IndexDocument, SearchIndex, open_index
from opendata.services.catalog.query import Lexicon, search

SUBJECTS = (
    "Sản lượng hàng hóa|Dân số|Số hộ nghèo|Thu ngân sách|Chi ngân sách|Giá đất|Lượt khách du lịch|"
    "Số doanh nghiệp|Chất lượng không khí|Chất lượng nước|Mực nước|Diện tích rừng|Diện tích cây lúa|"
    "Sản lượng thủy sản|Số trường học|Số giáo viên|Số học sinh|Số bác sĩ|Số giường bệnh|Lượt khám bệnh|"
    "Tai nạn giao thông|Lưu lượng xe|Tuyến xe buýt|Bãi đỗ xe|Giấy phép xây dựng|Dự án đầu tư|"
    "Kim ngạch xuất khẩu|Kim ngạch nhập khẩu|Tờ khai hải quan|Nộp thuế điện tử|Hồ sơ trực tuyến|"
    "Thủ tục hành chính|Dịch vụ công|Phản ánh hiện trường|Trạm phát sóng|Hợp đồng điện tử|"
    "Di tích lịch sử|Cơ sở lưu trú|Chợ và siêu thị|Giá nông sản|Chỉ số giá tiêu dùng|"
    "Chỉ số sản xuất công nghiệp|Lao động có việc làm|Bảo hiểm xã hội|Cấp nước sạch|Thu gom rác thải|"
    "Cây xanh|Công viên|Chiếu sáng công cộng|Quy hoạch sử dụng đất"
).split("|")
SCOPES = (
    "theo phường, xã|theo tháng|theo quý|theo năm|theo loại hình|theo ngành kinh tế|theo khu vực|"
    "theo giới tính|trên địa bàn thành phố|tại các khu công nghiệp|qua cảng biển|của hộ gia đình|"
    "của doanh nghiệp|khu vực nông thôn|khu vực đô thị|so với cùng kỳ|giai đoạn 2021-2025|năm 2024|"
    "năm 2025|sơ bộ"
).split("|")
PLACES = (
    "Hồng Bàng|Lê Chân|Ngô Quyền|Kiến An|Hải An|Dương Kinh|Đồ Sơn|Thủy Nguyên|An Dương|An Lão|Kiến Thụy|"
    "Tiên Lãng|Vĩnh Bảo|Cát Hải|Bạch Long Vĩ|Chí Linh|Kinh Môn|Cẩm Giàng|Bình Giang|Thanh Hà|Nam Sách|"
    "Tứ Kỳ|Gia Lộc|Ninh Giang"
).split("|")
TEXT = (
    "số liệu được tổng hợp từ báo cáo của các đơn vị trên địa bàn và cập nhật định kỳ hằng tháng theo "
    "quy định của thành phố; phạm vi gồm phường xã và đặc khu; đơn vị tính là người hộ tấn triệu đồng tỷ "
    "đồng hoặc phần trăm; bảng không có thông tin cá nhân; dữ liệu mở dùng lại tự do khi ghi nguồn; lưu "
    "ý cách tính thay đổi sau khi sáp nhập"
).split()
BODIES = tuple(
    f"Sở {name}" for name in "Tài chính|Công Thương|Xây dựng|Nội vụ|Y tế|Tư pháp|Ngoại vụ".split("|")
)
FACETS = ("organization", "theme", "tag", "format", "year")
GOAL_MS = 25.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--datasets", type=int, default=100_000)
    arguments.add_argument("--queries", type=int, default=3_000)
    arguments.add_argument("--folder", type=Path)
    arguments.add_argument("--json", type=Path)
    asked = arguments.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="search-bench-"))
    try:
        figures = measure(folder, asked.datasets, asked.queries)
    finally:
        if asked.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    for name, value in figures.items():
        print(f"{name:42} {value:12,.2f}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n")


def measure(folder: Path, count: int, queries: int) -> dict[str, float]:
    chance = random.Random(1)
    index = open_index(f"tantivy://{folder}/index")
    lexicon = Lexicon(
        **{name: Vocabularies().table(name) for name in ("abbreviations", "synonyms", "search_words")}
    )
    figures: dict[str, float] = {"datasets": count}
    spent = time.process_time()
    figures["index rate, datasets/s"] = count / timed(lambda: index.rebuild(datasets(count)))
    figures["index rate, datasets per CPU second"] = count / (time.process_time() - spent)
    figures["made-up datasets alone, datasets/s"] = count / timed(lambda: list(map(id, datasets(count))))
    log = query_log(chance, queries)
    distinct = list(dict.fromkeys(log))
    page(index, lexicon, ("khởi động", ()))
    figures["queries in the log"] = len(log)
    figures["distinct queries"] = len(distinct)
    figures |= shares("cold page, ms", [cpu(lambda q=q: page(index, lexicon, q)) for q in distinct])
    index.close()
    figures |= shares("page of the log, ms", [cpu(lambda q=q: page(index, lexicon, q)) for q in log])
    late: list[Query] = [(text, ()) for text in ("so luong nguoi", "theo", "đơn vị", "cangbien", "sos dan")]
    figures |= shares("worst queries, ms", [cpu(lambda q=q: page(index, lexicon, q)) for q in late])
    figures["deep page (offset 5,000), ms"] = 1e3 * cpu(lambda: deep_page(index, lexicon))
    one = next(datasets(1))
    figures["one write, ms"] = 1e3 * timed(lambda: index.write([one]))
    figures |= shares(
        "cold page after writes, ms", [cpu(lambda q=q: page(index, lexicon, q)) for q in distinct]
    )
    figures["all sequences (drift scan), ms"] = 1e3 * cpu(index.sequences)
    figures["peak memory, MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures["index on disk, MiB"] = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**20
    figures["goal met (cold p99 within 25 ms)"] = float(figures["cold page, ms, p99"] <= GOAL_MS)
    return figures


Query = tuple[str, tuple[str, ...]]
"""Text and the formats filtered by."""


def page(index: SearchIndex, lexicon: Lexicon, query: Query) -> None:
    text, formats = query
    search(index, lexicon, text, filters={"format": formats} if formats else {}, facets=FACETS, size=20)


def deep_page(index: SearchIndex, lexicon: Lexicon) -> None:
    plan = search(index, lexicon, "số", size=1).results.hits[-1].key
    search(index, lexicon, "số", size=20, after=(*plan[:-1], 5_000))


def query_log(chance: random.Random, length: int) -> list[Query]:
    """Searches as people type them, some often, most seldom: subjects with and without marks, words of
    texts, places, abbreviations, years; every fifth with a filter."""
    texts = []
    for _ in range(length // 3):
        parts = [chance.choice(SUBJECTS)]
        if chance.random() < 0.4:
            parts.append(chance.choice(PLACES))
        if chance.random() < 0.2:
            parts.append(chance.choice(SCOPES))
        if chance.random() < 0.15:
            parts = [chance.choice(TEXT)]
        if chance.random() < 0.1:
            parts.append(chance.choice(["2024", "năm 2025", "UBND", "KCN", "XK"]))
        text = " ".join(parts)
        texts.append(fold(text) if chance.random() < 0.4 else text)
    weights = [1 / (rank + 1) for rank in range(len(texts))]
    chosen = chance.choices(texts, weights, k=length)
    return [(text, ("CSV",) if number % 5 == 0 else ()) for number, text in enumerate(chosen)]


def datasets(count: int) -> Iterator[IndexDocument]:
    chance = random.Random(2)
    for number in range(count):
        subject, scope, place = (chance.choice(words) for words in (SUBJECTS, SCOPES, PLACES))
        title = f"{subject} {scope} {place} {number % 997}"
        tags = [
            subject.lower(),
            place,
            *chance.sample(TEXT, 2),
            f"nhãn {int(chance.paretovariate(0.7)) % 5000}",
        ]
        start = chance.randrange(2015, 2026)
        yield IndexDocument(
            id=f"{chance.getrandbits(128):032x}",
            sequence=number + 1,
            visibility="public" if chance.random() < 0.95 else "org:1",
            text={
                "title": title,
                "title_en": f"Dataset of subject {SUBJECTS.index(subject)}, number {number}",
                "tags": "\n".join(tags),
                "body": f"{chance.choice(BODIES)}\nỦy ban nhân dân thành phố",
                "description": " ".join(chance.choices(TEXT, k=60))
                + f". Cột: nam, thang, gia_tri, c{number % 300}",
            },
            facets={
                "organization": [f"co-quan-{int(chance.paretovariate(1)) % 60}"],
                "theme": [chance.choice(["ECON", "TRAN", "ENVI", "HEAL", "EDUC", "GOVE", "REGI"])],
                "tag": tags,
                "format": chance.sample(["CSV", "XLSX", "JSON", "GEOJSON", "PDF"], 2),
                "year": [str(year) for year in range(start, min(start + chance.randrange(1, 5), 2027))],
            },
            sort={
                "newest": 1_700_000_000 + chance.randrange(3_000) * 86_400,
                "title": sort_key(title),
                "popularity": int(chance.paretovariate(1)),
            },
            row={
                "slug": f"bo-{number}",
                "title": {"vi": title},
                "description": {"vi": "…" * 100},
                "tags": tags,
            },
            period=(start * 365, start * 365 + 700),
        )


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def cpu(action: Callable[[], object]) -> float:
    started = time.process_time()
    action()
    return time.process_time() - started


def shares(name: str, seconds: Sequence[float]) -> dict[str, float]:
    parts = quantiles(seconds, n=100) if len(seconds) > 1 else [seconds[0]] * 99
    return {
        f"{name}, p50": parts[49] * 1e3,
        f"{name}, p99": parts[98] * 1e3,
        f"{name}, max": max(seconds) * 1e3,
    }


if __name__ == "__main__":
    main()
