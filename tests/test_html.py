"""HTML to visible text with source offsets: what is shown, where it came from, on any input and in linear time."""

import html
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from yaowen.text.article import _inside, article_lines
from yaowen.text.html import looks_like_html, normalise_html, visible_text
from yaowen.text.markup import Kind, tokens
from yaowen.text.normalise import replay

EXAMPLE = Path(__file__).parents[1] / "examples" / "daguan-flood.html"

# Characters that stand for themselves in HTML text: no controls, no surrogates, nothing unassigned, no white space.
VISIBLE = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Zs", "Zl", "Zp"])
SOUP = st.lists(
    st.sampled_from(
        ["<", ">", "</", "/>", "&", ";", "#", "x", "!", "--", "<!--", "-->", "<![CDATA[", "]]>", "<?", '"', "'", "=", " ", "\n", "\t",
         "\0", "<p>", "</p>", "<p", "<br/>", "<td>", "</tr>", "<script>", "</script", "</script>", "<title>", "</title>", "<pre>",
         "</pre>", "<div hidden>", "</div>", "<select>", "<svg/>", "<a href=", "<a title='>'>", "&nbsp;", "&amp", "&copy2", "&#20013;",
         "&#x4e2d", "&#0;", "&#99999999999;", "&bogus;", "县", "長", "(cháng)", "会议。", "A", "１", "\u3000", "\u200b"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


def text_of(source: str) -> str:
    return visible_text(source).text


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("<p>县委<p>县政府", "县委\n县政府"),
        ("县委<br>县政府<br/><br />县人大", "县委\n县政府\n县人大"),
        ("<div><div><p>一</p></div></div>\n\n<div>二</div>", "一\n二"),
        ("<b>书</b><span class=a>记</span>主持", "书记主持"),
        ("  a \n\t b  <i> c</i> ", "a b c"),
        ("段承\n    越主持", "段承越主持"),  # CSS Text 3: no space between wide characters
        ("共 3\n    人", "共 3 人"),
        ("<style>p{}</style>甲<script>if (a<b) { '</p>' }</script>乙<!-- <p>丙 -->丁", "甲乙丁"),
        ("甲<noscript>乙</noscript><textarea>丙</textarea><template><p>丁</template>戊", "甲戊"),
        ("<select><option>甲<option>乙</select>丙", "丙"),
        ('甲<div style="color:red; display : none">乙<div>丙</div></div>丁', "甲\n丁"),
        ("甲<div hidden>乙</div>丙<p class='hidden'>丁</p>", "甲\n丙\n丁"),
        ("<p style='display:none'>隐<p>县委召开会议</p><div>乙</div></p><p>丙</p>", "县委召开会议\n乙\n丙"),
        ("<p style='display:none'><div>县委召开会议</div></p><p>丙</p>", "县委召开会议\n丙"),
        ("<div><p hidden>隐</div>甲<p>乙", "甲\n乙"),
        ("<p hidden>隐<br>隐<b>隐</b></p>丙", "丙"),
        ("<div onclick=\"x.style='display:none'\">县委</div>", "县委"),
        ("<div style=\"font-family:'宋体';display:none\">隐</div><P HIDDEN>隐</P><p STYLE=DISPLAY:NONE>隐</p>乙", "乙"),
        ("<p data-style='display:none'>甲<p style='--display: none'>乙<p title='a hidden b'>丙", "甲\n乙\n丙"),
        ("<ul><li hidden>隐<ul><li>隐</ul>隐<li>甲</ul>乙", "甲\n乙"),
        ("<ul><li>甲<li hidden>隐</ul><ul><li>乙</ul>", "甲\n乙"),
        ("<table><tr hidden><td>隐<table><tr><td>隐</table>隐<tr><td>甲<td hidden>隐<td>乙</table>丙", "甲 乙\n丙"),
        ("<table><tr><td>姓名</td><td>职务</td></tr><tr><td>陆云岫</td><td>县长</td></tr></table>", "姓名 职务\n陆云岫 县长"),
        (f"<table><tr><td>首页</td><td>{'会议强调。' * 10}</td></tr></table>", "首页\n" + "会议强调。" * 10),
        ("<pre>甲  乙\n丙</pre>", "甲  乙\n丙"),
        ("<pre>甲&#32;乙&Tab;丙&NewLine;丁</pre>", "甲 乙\t丙\n丁"),
        ("&lt;p&gt;&nbsp;&ldquo;&#x4E2D;&#20013;&rdquo;&amp;amp;", "<p>\xa0“中中”&amp;"),
        ("A&amp B &copy2024 &nosuch; AT&T &#xZ; &", "A& B ©2024 &nosuch; AT&T &#xZ; &"),
        ("a <，3 < 5 <5> <", "a <，3 < 5 <5> <"),
        ("<p>县长<b", "县长<b"),
        ("<p class=x data-a='>' title=\">\">甲</p>", "甲"),
        ("<![CDATA[ x ]]>甲<?php y ?>乙<!doctype html>丙", "甲乙丙"),
        ("甲<!--未关闭的注释<p>乙", "甲乙"),
        ("<title>未关闭<p>乙", "未关闭\n乙"),
        ("<p>甲</p><textarea>乙<p>丙</p>", "甲\n乙\n丙"),
        ("甲<script src=a.js /><p>乙</p><iframe src=x /><p>丙</p>", "甲\n乙\n丙"),
        ("甲<script src=a.js />隐</script>乙", "甲乙"),
        ("<p>甲</p><xmp>乙<b>\n丙</xmp>丁", "甲\n乙<b>\n丙\n丁"),
        ("<div hidden>没有关闭", "没有关闭"),
        ("<a href=\"x>甲</a>", "甲"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_is_shown(source: str, shown: str) -> None:
    assert text_of(source) == shown


def test_the_title_is_kept_only_where_no_heading_repeats_it() -> None:
    page = "<html><head><title>县委召开防汛会议_大观县人民政府网</title></head><body>{}<p>正文。</p></body></html>"
    assert text_of(page.format("<h1>县委召开<br>防汛会议</h1>")) == "县委召开\n防汛会议\n正文。"
    assert text_of(page.format("")) == "县委召开防汛会议_大观县人民政府网\n正文。"
    assert text_of("<title>县委召开防汛会议</title>") == "县委召开防汛会议"


def test_looks_like_html() -> None:
    for page in ("<!DOCTYPE html>", "<HTML lang=zh>", "甲<br>乙", "<p>甲</p>", "<span style='a'>甲</span>"):
        assert looks_like_html(page)
    for text in ("县委召开会议", "气温<5℃，风力>3级", "《通知》<附件>", "a<b and c>d", "<第一版>"):
        assert not looks_like_html(text)


@settings(deadline=None)
@given(st.lists(st.tuples(VISIBLE, st.sampled_from(["raw", "decimal", "hexadecimal", "named"])), max_size=60))
def test_escaped_text_comes_back_and_every_character_knows_its_source(written: list[tuple[str, str]]) -> None:
    forms = {
        "raw": html.escape, "decimal": lambda c: f"&#{ord(c)};", "hexadecimal": lambda c: f"&#x{ord(c):X};",
        "named": lambda c: {"&": "&amp;", "<": "&lt;", "“": "&ldquo;", "·": "&middot;"}.get(c, html.escape(c)),
    }  # fmt: skip
    sources = [forms[form](character) for character, form in written]
    page = visible_text("<div><p>" + "".join(sources) + "</p></div>")
    assert page.text == "".join(character for character, _ in written)
    assert [page.raw[s:e] for s, e in zip(page.starts, page.ends, strict=True)] == sources


@settings(deadline=None)
@given(SOUP)
@example("<p>&fjlig;</p>")
@example("<title>甲</title>乙")
@example("<pre>\t")
def test_on_any_source_characters_come_from_their_range_in_order(source: str) -> None:
    page = visible_text(source)
    assert (page.starts[1:] >= page.starts[:-1]).all()
    for character, start, end in zip(page.text, page.starts, page.ends, strict=True):
        written = source[start:end]
        if character == "\n":
            assert written == "" or written.startswith("<") or written.isspace()
        elif character == " ":
            assert written.startswith(("<td", "</td", "<th")) or html.unescape(written).isspace()
        else:
            assert character in html.unescape(written)
    assert "\n\n" not in page.text
    assert page.text == page.text.strip("\n" if "<pre>" in source else "\n\t\r\f")  # preformatted tabs are shown


@settings(deadline=None)
@given(SOUP)
def test_normalised_pages_keep_the_laws_of_the_alignment(source: str) -> None:
    page = normalise_html(source)
    assert page.raw == source
    assert replay(page.raw, page.trace) == page.text
    assert len(page.text) == len(page.starts) == len(page.ends)


class Reference(HTMLParser):
    """What the standard library sees of a page: tags, and the text outside scripts, with offsets."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=False)
        self.seen: list[tuple[Kind, int, str]] = []
        self.source = source
        self.raw = False
        self.feed(source)
        self.close()

    def at(self) -> int:
        line, column = self.getpos()
        return sum(len(part) + 1 for part in self.source.split("\n")[: line - 1]) + column

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append((Kind.START, self.at(), tag))
        self.raw = tag in ("script", "style")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.handle_starttag(tag, attrs)  # in HTML the slash means nothing

    def handle_endtag(self, tag: str) -> None:
        self.seen.append((Kind.END, self.at(), tag))
        self.raw = False

    def text(self) -> None:
        if not self.raw and (not self.seen or self.seen[-1][0] is not Kind.TEXT):
            self.seen.append((Kind.TEXT, self.at(), ""))

    def handle_data(self, data: str) -> None:
        self.text()

    def handle_entityref(self, name: str) -> None:
        self.text()

    def handle_charref(self, name: str) -> None:
        self.text()

    def handle_comment(self, data: str) -> None:
        self.seen.append((Kind.END, -1, "comment"))


TEXT = st.text("县长a 。\n&;", min_size=1, max_size=8)
ATTRIBUTE = st.tuples(
    st.sampled_from(["class", "style", "data-x"]), st.sampled_from(["", "=a", '="a > b"', "='\"'", ' = "甲"'])
)
TAG = st.sampled_from(["p", "div", "span", "td", "H1", "a"])
WELL_FORMED = st.recursive(
    st.one_of(
        TEXT, st.just("<br>"), st.just("<br />"), st.just("<!-- <p> -->"), st.just("<script>a<b && '<p>'</script>"),
        st.just("<style>p > a {}</style>"),
    ),
    lambda inner: st.builds(
        lambda tag, attributes, children: (
            f"<{tag}" + "".join(f" {name}{value}" for name, value in attributes) + f">{''.join(children)}</{tag}>"
        ),
        TAG, st.lists(ATTRIBUTE, max_size=3), st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(WELL_FORMED)
def test_the_scan_agrees_with_the_standard_librarys_parser_on_well_formed_pages(source: str) -> None:
    source += "<br>"  # at the end of the input that parser loses the & of an unfinished reference
    expected = [(kind, at, name) for kind, at, name in Reference(source).seen if name != "comment"]
    assert [(token.kind, token.start, token.name) for token in tokens(source)] == expected


HOSTILE = {
    "unclosed tags": "<a " * 300_000, "unclosed comments": "<!--" * 250_000, "half comments": "<!-- >" * 150_000,
    "comment ends of two kinds": "<!-- --!>" * 100_000, "unclosed quotes": '<a x="' * 150_000,
    "ends only in quotes": '<a x=">" ' * 100_000, "end tags in a script": "<script>" + "</" * 500_000 + ">",
    "titles": "<title>" * 140_000, "selects": "<select>" * 120_000, "hidden": "<div hidden>" * 80_000,
    "references": "&#1" * 300_000, "names": "&" + "a" * 1_000_000, "cdata": "<![CDATA[" * 100_000, "stray": "<" * 1_000_000,
    "names of tags": "<p>县</p>" + "<a" * 500_000, "styles": "<div " + "style=" * 200_000 + " none>县</div>",
    "attributes": "<div " + "a " * 200_000 + "hidden>", "values": "<div " + "a=' b=\" " * 100_000 + "none>",
    "spaces": " \n" * 500_000, "display": '<a style="' + "display " * 120_000 + '">', "cells": "<td>a" * 100_000,
}  # fmt: skip


# The standard library's parser needs minutes to hours for several of these (33 s for 60 kB of the first).
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_pages_take_linear_time(kind: str) -> None:
    start = time.perf_counter()
    visible_text(HOSTILE[kind])
    assert time.perf_counter() - start < 5


def test_five_megabytes_are_read_in_seconds() -> None:
    paragraph = (
        '<div class="a"><p style="text-indent:2em"><span>县委书记主持召开会议&nbsp;&ldquo;防汛&rdquo;。</span></p></div>\n'
    )
    start = time.process_time()
    page = visible_text(paragraph * (5_000_000 // len(paragraph)))
    assert time.process_time() - start < 10  # 1-2 s
    assert page.text.count("防汛") == 5_000_000 // len(paragraph)


def test_the_example_page() -> None:
    source = EXAMPLE.read_text(encoding="utf-8")
    assert looks_like_html(source)
    page = normalise_html(source)
    lines = page.text.split("\n")
    assert "段承越主持召开县委常委会（扩大）会议 部署防汛抢险救灾工作" in lines
    assert page.text.count("段承越主持召开") == 2  # headline, first sentence: not the hidden block nor the title
    assert "docId" not in page.text
    assert "省政府部门网站" not in page.text
    for written, name in (("陸雲岫", "陆云岫"), ("領", "领"), ("&ldquo;7&middot;8&rdquo;", "“7·8”")):
        if written in source:
            start = page.text.index(name)
            low, high = page.raw_span(start, start + len(name))
            assert source[low:high] == written


def test_lines_of_the_article_are_matched_without_spaces_and_marks() -> None:
    text = "首页\n新闻\n县委召开会议\n来源：县融媒体中心\n会议 强调，抓好防汛。\n小标题\n县长出席。\n上一篇\n友情链接"
    inside = _inside(text, "会议强调，抓好防汛。\n\n- 县长出席。", "县委召开会议_大观县政府网")
    assert inside == [False, False, True, False, True, True, True, False, False]


def test_an_answer_that_holds_little_of_the_page_is_not_trusted() -> None:
    assert _inside("县委召开会议部署防汛工作\n" * 9 + "版权所有", "版权所有", "") is None
    assert _inside("县委召开会议", "", "") is None


def test_without_trafilatura_a_note_says_what_was_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "trafilatura", None)
    source = "<p>县委召开会议</p>"
    found = article_lines(source, normalise_html(source))
    assert found.outside == ()
    assert "pip install 'yaowen[html]'" in (found.note or "")


def test_trafilatura_tells_the_article_of_the_example_page() -> None:
    try:
        import trafilatura  # noqa: F401
    except ImportError as error:
        pytest.skip(f"the extra html is not (wholly) installed: {error}")
    source = EXAMPLE.read_text(encoding="utf-8")
    page = normalise_html(source)
    found = article_lines(source, page)
    assert found.note is None
    outside = [page.text[line.start : line.end] for line in found.outside]
    for furniture in ("走进大关", "专题专栏", "网站地图 | 联系我们"):
        assert furniture in outside
    assert not any("会议强调" in line or "祝远山" in line or "（扩大）会议" in line for line in outside)
