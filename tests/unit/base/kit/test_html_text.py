"""Foreign HTML as Markdown without HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from opendata.base.kit.html_text import to_line, to_markdown


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("Không có thẻ nào", "Không có thẻ nào"),
        ("a < b và c > d", "a < b và c > d"),
        ("Một\r\n\r\nHai", "Một\n\nHai"),
        ("<p>Một</p><p>Hai <b>ba</b></p>", "Một\n\nHai **ba**"),
        ("<ul><li>x</li><li>y</li></ul>", "- x\n- y"),
        ("<ol><li>x</li><li>y</li></ol>", "1. x\n2. y"),
        ("<h2>Đầu</h2>a<br>b", "## Đầu\n\na\nb"),
        ('<a href="https://a.example/x (1)">đây</a>', "[đây](https://a.example/x%20%281%29)"),
        ('<a href="javascript:alert(1)">đây</a>', "đây"),
        ("<img src=x onerror=alert(1)>ảnh", "ảnh"),
        ("<style>p{}</style><script>alert(1)</script>còn", "còn"),
        ("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>", "&lt;script>alert(1)&lt;/script>"),
        ("A &amp; B", "A & B"),
    ],
)
def test_the_text_stays_and_the_markup_goes(html, markdown):
    assert to_markdown(html) == markdown


@given(st.text(alphabet="<>/aimgscript \"'=:()[]&;!-#xlt\n", max_size=120))
def test_whatever_comes_in_renders_without_live_markup(text):
    rendered = MarkdownIt("commonmark", {"html": False}).render(to_markdown(text))
    assert "<script" not in rendered.lower()
    assert "<img" not in rendered.lower() or "onerror" not in rendered.lower()
    assert 'href="javascript' not in rendered.lower()


def test_a_title_is_one_plain_line():
    assert to_line("<b>Cảng</b>\n &amp; <i>biển</i>") == "Cảng & biển"
