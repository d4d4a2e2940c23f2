"""Every rule of matching, rewriting and the ladder, on other datasets than those the design names."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest

from opendata.engines.search import SearchIndex
from opendata.services.catalog.query import Lexicon, Outcome, search

Find = Callable[..., Outcome]

# query | leads (any of; empty: any order) | must be listed | must not be listed
CASES = """
# --- marked, unmarked, half marked
chỉ số giá tiêu dùng | D08 | D08 | D30 D10
chi so gia tieu dung | D08 | D08 | D10
chỉ sô gia tiêu dung | D08 | D08 | D10
sản xuất công nghiệp | D09 | D09 | D36
san xuat cong nghiep | D09 | D09 | D36
hợp đồng điện tử | D20 | D20 | D10
hop dong dien tu | D20 | D20 | D10
hợp dong điện tu | D20 | D20 | D10
quan trắc không khí | D34 | D34 | D10
quan trac khong khi | D34 | D34 | D10
lượng mưa | D35 | D35 | D10
luong mua | D35 | D35 | D30
mực nuoc | D35 | D35 | D30
cơ sở lưu trú | D32 | D32 | D10
co so luu tru | D32 | D32 | D10
danh lam thắng cảnh | D33 | D33 | D29
danh lam thang canh | D33 | D33 | D29
nông sản | D39 | D39 | D10
nong san | D39 | D39 | D12
di tich lich su | D33 | D33 | D10
kho bãi | D17 | D17 | D30
kho bai | D17 | D17 | D36
giường bệnh | D36 | D36 | D10
giuong benh | D36 | D36 | D10
mầm non | D37 | D37 | D36
mam non | D37 | D37 | D36
lạm phát | D08 | D08 | D10
lam phat | D08 | D08 | D10
tờ khai | D18 | D18 | D10
to khai | D18 | D18 | D12
bến cảng | D12 | D12 | D29 D36
ben cang | D12 | D12 | D29
vùng lõm sóng | D29 | D29 | D14
xếp hạng | D23 | D23 | D33
hồ sơ trực tuyến | D22 | D22 | D10
dân số | D38 | D38 | D10
dan so | D38 | D38 | D10
tỷ trọng | D06 | D06 | D10
# --- upper case
LẠM PHÁT | D08 | D08 | D10
TRẠM PHÁT SÓNG | D29 | D29 | D10
ĐỒ SƠN | D31 D32 | D31 D32 | D10
BẠCH LONG VĨ | D24 | D24 | D10
THỦ TỤC HÀNH CHÍNH | D21 D22 | D21 D22 | D10
GIÁ NÔNG SẢN | D39 | D39 | D10
# --- tone placement, i and y
thuỷ triều | D35 | D35 | D10
thuỷ sản | D39 | D39 | D10
văn hoá | D33 | D33 | D36
thuỷ nguyên | D24 | D24 | D10
hàng hoá thông qua cảng | D10 | D10 | D33
tỉ lệ lấp đầy | D40 | D40 | D10
tỷ lệ lấp đầy | D40 | D40 | D10
tỉ trọng kinh tế số | D06 | D06 | D40
công ti | D07 | D07 | D36
đăng kí kinh doanh | D07 | D07 | D10
# --- one wrong mark: approximate
lạm phat | D08 | D08 | D10
dân sô | D38 | D38 | D10
bệnh viên | D36 | D36 | D37
thủy triêu | D35 | D35 | D10
xuất khâu | D05 | D05 | D29
ngân sach | D03 | D03 | D10
# --- all syllables are required, whole syllables only
xe buýt | D16 | D16 | D15
xe đầu kéo | D15 | D15 | D16
giá bốc dỡ | D13 | D13 | D39
luồng | D14 D18 | D14 D18 | D36
phường | D24 D38 | D24 D38 | D11
tôm | D39 | D39 | D36
rau | D39 | D39 | D10
bảo tà | | | D33
mưa | D35 | D35 | D10
hàn | | | D10
ca | | D39 |
# --- fillers are not required, but count in a phrase
lượt tàu biển vào và rời cảng | D11 | D11 | D36
bảng giá của đất | D30 | D30 | D10
dân số theo xã | D38 | D38 | D10
doanh nghiệp được thành lập | D07 | D07 | D36
các chỉ tiêu kinh tế | D01 | D01 | D36
chỉ số về giá tiêu dùng | D08 | D08 | D10
the population of wards | D38 | D38 | D10
# --- abbreviations
KKT | D40 | D40 D04 | D10
KKT Hải Phòng | | D40 D04 | D36
TTHC | D21 D22 | D21 D22 | D10
hồ sơ TTHC | D22 | D22 | D10
tthc | D21 D22 | D21 D22 | D10
NSNN | D03 | D03 | D10
thu NSNN | D03 | D03 | D10
nsnn | D03 | D03 | D10
kim ngạch XK | D05 | D05 | D10
XK | D05 | D05 | D29
CĐS | D20 D23 | D20 D23 | D10
cđs | D20 D23 | D20 D23 | D10
cds | D20 D23 D25 | D20 D23 | D10
KTXH | D01 | D01 | D10
KT-XH | D01 | D01 | D10
ĐVHC | D24 D25 | D24 D25 | D10
đvhc cấp xã | D24 | D24 | D10
dvhc | D24 D25 | D24 D25 | D10
CCHC | D23 | D23 | D10
SXCN | D09 | D09 | D36
DN thành lập mới | D07 | D07 | D36
FDI | D04 | D04 | D10
dự án FDI | D04 | D04 | D36
IIP | D09 | D09 | D10
CPI | D08 | D08 | D10
GRDP | D02 D06 | D02 D06 | D36
PCI | D23 | D23 | D10
AQI | D34 | D34 | D10
ICD | D17 | D17 | D36
KNXK | D05 | D05 | D10
BV | D36 | D36 | D10
TMĐT | | | D10
GTCC | D16 | D16 | D36
DTI | D23 | D23 | D10
GTFS | D16 | D16 | D36
HQĐT | D18 | D18 | D10
VTHKCC | | | D36
DVC, TTHC | D21 | D21 | D10
UBND TP | D28 | D28 | D10
VP UBND | D28 | D28 | D10
BQL KKT | | D40 D04 | D10
mã HS | D05 | D05 | D10
KCN, KKT | D40 | D40 | D36
# --- bodies: present, former, initialisms
Sở Tài chính | | D03 D07 | D10
so tai chinh | | D03 D07 | D10
STC | | D03 D07 | D10
Sở Công Thương | | D05 D17 | D10
SCT | | D05 D17 | D10
Sở Xây dựng | | D13 D15 D16 | D36
SXD | | D13 D15 D16 | D36
Sở Nội vụ | | D23 D24 D25 D26 | D10
SNV | | D23 D24 D25 D26 | D10
Sở Nông nghiệp và Môi trường | | D30 D34 D35 D39 | D10
SNNMT | | D30 D34 D35 D39 | D10
NN&MT | | D30 D34 D35 D39 | D10
Sở NNMT | | D30 D34 D35 D39 | D10
SKHCN | | D20 D27 D29 | D10
Sở KH&CN | | D20 D27 D29 | D10
Sở KHCN | | D20 D27 D29 | D10
Sở Văn hóa, Thể thao và Du lịch | | D31 D32 D33 | D10
SVHTTDL | | D31 D32 D33 | D10
VHTT&DL | | D31 D32 D33 | D10
Sở GD&ĐT | | D37 | D10
SGDĐT | | D37 | D10
sgddt | | D37 | D10
Sở Y tế | D36 | D36 | D10
SYT | D36 | D36 | D10
Cảng vụ Hàng hải | | D10 D11 D12 D14 | D36
CVHH | | D10 D11 D12 D14 | D36
Chi cục Hải quan | D18 | D18 | D10
Thuế thành phố Hải Phòng | D19 | D19 | D10
TTPVHCC | | D21 D22 | D10
Trung tâm Phục vụ hành chính công | | D21 D22 | D10
Trung tâm Điều hành thông minh | | D28 | D10
IOC | | D28 | D10
Ban Quản lý Khu kinh tế Hải Phòng | | D40 D04 | D10
Sở Giao thông vận tải | | D13 D15 D16 | D36
so giao thong van tai | | D13 D15 D16 | D36
SGTVT | | D13 D15 D16 | D36
GTVT | | D13 D15 D16 | D36
Sở TN&MT | | D30 D34 D35 D39 | D10
Sở TNMT | | D30 D34 D35 D39 | D10
Sở Tài nguyên và Môi trường | | D30 D34 D35 D39 | D10
sở tài nguyên môi trường | | D30 D34 D35 D39 | D10
STNMT | | D30 D34 D35 D39 | D10
Sở NN&PTNT | | D30 D34 D35 D39 | D10
Sở NN & PTNT | | D30 D34 D35 D39 | D10
Sở Nông nghiệp và Phát triển nông thôn | | D30 D34 D35 D39 | D10
Sở KH&ĐT | | D03 D07 | D10
Sở KHĐT | | D03 D07 | D10
skhdt | | D03 D07 | D10
Sở Kế hoạch và Đầu tư | | D03 D07 | D10
Sở TT&TT | | D20 D27 D29 | D10
STTTT | | D20 D27 D29 | D10
Sở Thông tin và Truyền thông | | D20 D27 D29 | D10
Sở LĐTBXH | | D23 D24 D25 D26 | D10
Sở LĐ-TB&XH | | D23 D24 D25 D26 | D10
Sở Lao động - Thương binh và Xã hội | | D23 D24 D25 D26 | D10
Sở Du lịch | | D31 D32 D33 | D10
Sở Văn hóa và Thể thao | | D31 D32 D33 | D10
Cục Hải quan thành phố Hải Phòng | D18 | D18 | D10
Cục Thuế | D19 | D19 | D10
Cục Thống kê thành phố Hải Phòng | | D01 D02 D06 D08 D09 D38 | D10
Ban Quản lý các khu công nghiệp | | D40 D04 | D10
# --- synonyms, Vietnamese and English
khách sạn | D32 | D32 | D10
accommodation | D32 | D32 | D10
hotels | D32 | D32 | D10
ship | D11 | D11 | D29
ships | D11 | D11 | D29
population | D38 | D38 | D10
school | D37 | D37 | D34
schools | D37 | D37 | D34
hospital | D36 | D36 | D37
merger | D25 | D25 | D10
customs | D18 | D18 | D10
fee | D13 | D13 | D36
cước | D13 | D13 | D36
công-ten-nơ | | D10 D13 D15 D17 | D36
container | | D10 D13 D15 D17 | D36
tax | D19 | D19 | D10
budget | D03 | D03 | D10
bus | D16 | D16 | D15
buses | D16 | D16 | D15
export | D05 | D05 | D10
exports | D05 | D05 | D10
seaport | D10 D13 | D10 D13 | D36
port | | D10 D11 D12 D13 | D36
berth | D11 D12 | D12 D11 | D36
warehouse | D17 | D17 | D36
tourism | D31 D32 | D31 D32 | D10
tourists | D31 | D31 | D10
du khách | D31 | D31 | D10
inflation | D08 | D08 | D10
land price | D30 | D30 | D10
air quality | D34 | D34 | D10
air pollution | D34 | D34 | D10
fine particle | D34 | D34 | D10
storm | D35 | D35 | D10
typhoon | D35 | D35 | D10
rainfall | D35 | D35 | D10
tide | D35 | D35 | D10
museum | D33 | D33 | D10
industrial park | D40 | D40 | D36
economic zone | | D40 D04 | D36
digital economy | D06 | D06 | D10
open data | D27 | D27 | D10
fish | D39 | D39 | D10
seafood | D39 | D39 | D10
hải sản | D39 | D39 | D36
enterprises | | D07 D19 D20 | D36
công ty | D07 | D07 D19 D20 | D36
kẹt xe | D15 | D15 | D36
tắc đường | D15 | D15 | D36
trạm gốc | D29 | D29 | D10
base stations | D29 | D29 | D10
hợp nhất | D25 | D25 | D10
# --- time words leave the text
dân số năm 2025 | D38 | D38 | D10
GRDP 2024 | D02 D06 | D02 D06 | D36
xuất khẩu tháng 6/2026 | D05 | D05 | D36
xuất khẩu T6.2026 | D05 | D05 | D36
tổng sản phẩm quý III/2025 | D02 | D02 | D36
hàng hóa 6 tháng đầu năm 2025 | D10 | D10 | D33
ngân sách 9 tháng 2025 | D03 | D03 | D10
khách du lịch 2022-2024 | D31 | D31 | D10
bang gia dat nam 2026 | D30 | D30 | D10
lạm phát quý 3 năm 2025 | D08 | D08 | D10
population in 2025 | D38 | D38 | D10
# --- noise words are dropped unless they belong to a name
danh sách bệnh viện | D36 | D36 | D37
danh sách trường học | D37 | D37 | D36
số liệu dân số | D38 | D38 | D10
thống kê dân số | D38 | D38 | D10
file excel bảng giá đất | D30 | D30 | D10
tải dữ liệu lạm phát csv | D08 | D08 | D10
download population dataset | D38 | D38 | D10
dữ liệu mở | D27 | D27 | D10
du lieu mo | D27 | D27 | D10
dữ liệu | | D27 | D36
thống kê | | D01 D02 D06 D08 D09 D38 | D36
vận tải | | D15 | D36
số liệu thống kê xuất khẩu 2025 | D05 | D05 | D36
dữ liệu cá | D39 | D39 | D16
# --- punctuation, codes, numbers
PM 2.5 | D34 | D34 | D10
pm 2,5 | D34 | D34 | D10
PM₂.₅ | D34 | D34 | D10
pm25 | D34 | D34 | D10
5G | D29 | D29 | D10
5 g | D29 | D29 | D10
(5G) | D29 | D29 | D10
"cảng biển" | D10 D13 | D10 D13 | D29
cảng, biển! | D10 D13 | D10 D13 | D29
+cảng -biển | D10 D13 | D10 D13 | D29
Xếp hạng PCI, PAR Index, SIPAS, PII, DTI | D23 | D23 | D10
Di tích lịch sử - văn hóa | D33 | D33 | D10
Khu công nghiệp, khu kinh tế: diện tích và quỹ đất còn trống | D40 | D40 | D10
kinh tế - xã hội | D01 | D01 | D10
# --- raw Telex and VNI
gias ddaats | D30 | D30 | D08
buij minj | D34 | D34 | D10
beejnh vieenj | D36 | D36 | D37
beenhj vieenj | D36 | D36 | D37
daan soos | D38 | D38 | D10
cangr bieenr | D10 D13 | D10 D13 | D29
xuaats khaaur | D05 | D05 | D29
thuees ddieenj tuwr | D19 | D19 | D10
ngaan sachs | D03 | D03 | D10
khachs sanj | D32 | D32 | D10
luowngj muwa | D35 | D35 | D10
lamj phats | D08 | D08 | D10
ddoof sown | D31 D32 | D31 D32 | D10
truowngf hocj | D37 | D37 | D34
gia1 d9a61t | D30 | D30 | D08
be65nh vie65n | D36 | D36 | D37
da6n so61 | D38 | D38 | D10
ca3ng bie63n | D10 D13 | D10 D13 | D29
ngan6 sach1 | D03 | D03 | D10
xua61t kha63u | D05 | D05 | D29
# --- glued syllables
dulich | D31 D32 | D31 D32 | D10
danso | D38 | D38 | D10
giadat | D30 | D30 | D10
benhvien | D36 | D36 | D37
truonghoc | D37 | D37 | D36
xebuyt | D16 | D16 | D15
thuytrieu | D35 | D35 | D10
ngansachnhanuoc | D03 | D03 | D10
khucongnghiep | D40 | D40 | D36
cảngbiển | D10 D13 | D10 D13 | D29
thủytriều | D35 | D35 | D10
kinhteso | D06 | D06 | D36
bachlongvi | D24 | D24 | D10
lamphat | D08 | D08 | D10
# --- onsets taken for each other
xản lượng | D10 | D10 | D36
nạm phát | D08 | D08 | D10
nuồng hàng hải | D14 | D14 | D36
trạm phát xóng | D29 | D29 | D10
sếp hạng | D23 | D23 | D36
chường học | D37 | D37 | D36
trữa bệnh | D36 | D36 | D37
dao thông công cộng | D16 | D16 | D36
rá nông sản | D39 | D39 | D36
zân số | | | D10
# --- one letter off, English words only
contaner | | D10 D13 D15 D17 | D36
logictics | D17 | D17 | D36
hopsital | D36 | D36 | D37
# --- most of the words
xuất nhập khẩu hàng hóa thị trường | D05 | D05 | D36
bệnh viện phòng khám tư nhân | D36 | D36 | D10
# --- nothing
xyzzy | | | D10 D36
blockchain | | | D10 D36
"""


def cases() -> list[tuple[str, list[str], list[str], list[str]]]:
    rows = []
    for line in CASES.strip().splitlines():
        if not line.startswith("#"):
            query, first, must, must_not = line.rsplit("|", 3)
            rows.append((query.strip(), first.split(), must.split(), must_not.split()))
    return rows


@pytest.mark.parametrize(("query", "first", "must", "must_not"), cases(), ids=[row[0] for row in cases()])
def test_rule_holds(find: Find, query: str, first: list[str], must: list[str], must_not: list[str]) -> None:
    for text in (query, unicodedata.normalize("NFD", query)):
        ids = [hit.id for hit in find(text).results.hits]
        assert not first or (ids and ids[0] in first), ids
        assert set(must) <= set(ids), ids
        assert not set(must_not) & set(ids), ids


def test_both_engines_give_the_same_lists(
    embedded: SearchIndex, reference: SearchIndex, lexicon: Lexicon
) -> None:
    facets = ("organization", "tag", "format")
    for query, *_ in cases():
        one, other = (search(engine, lexicon, query, facets=facets) for engine in (embedded, reference))
        assert replace(one.results, generation="") == replace(other.results, generation=""), query
        assert (one.step, one.notes, one.marks) == (other.step, other.notes, other.marks), query


def test_there_are_many_cases() -> None:
    assert len(cases()) > 250
    assert len({query for query, *_ in cases()}) == len(cases())
