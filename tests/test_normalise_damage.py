"""What copying and converting do to a clean text is undone, and the conversion is that of OpenCC."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.normalised import check_laws, check_spans
from yaowen.text import tables
from yaowen.text.edits import apply, to_codes, to_text
from yaowen.text.normalise import normalise
from yaowen.text.rules import Page, simplify
from yaowen.text.tables import Kind

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("YAOWEN_SHARED", ROOT.parent / "shared"))

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data (YAOWEN_SHARED)")


@cache
def sentences() -> list[str]:
    """Clean sentences of our own corpus, normalised."""
    lines = (ROOT / "data/authored/dev.jsonl").read_text(encoding="utf-8").splitlines()
    texts = (normalise(json.loads(line)["text"]).text for line in lines)
    return [sentence for text in texts for sentence in text.split("\n") if len(sentence) > 10]


@cache
def opencc(name: str) -> Any:
    return pytest.importorskip("opencc").OpenCC(name).convert


def check_restored(damaged: str, clean: str, pieces: list[str]) -> None:
    """Damaged text gives the clean one, and every clean character points at the damaged piece it was made of."""
    page = normalise(damaged)
    assert page.text == clean
    check_laws(page)
    at = 0
    for index, piece in enumerate(pieces):
        start, end = page.raw_span(index, index + 1)
        assert at <= start < end <= at + len(piece)
        assert page.raw[start] == piece[0]
        at += len(piece)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_pinyin_is_taken_out(data: st.DataObject) -> None:
    clean = data.draw(st.sampled_from(sentences()))
    readings = ["lǐng", "dǎo", "yì", "nǚ", "zhuāng", "ér", "lüè", "ji4"]
    pieces = []
    for character in clean:
        annotated = "\u4e00" <= character <= "\u9fff" and data.draw(st.integers(0, 3)) == 0
        reading = data.draw(st.sampled_from(readings)) if annotated else ""
        bracket = data.draw(st.sampled_from(["()", "（）"])) if annotated else ""
        pieces.append(character + (bracket[0] + reading + bracket[1] if annotated else ""))
    check_restored("".join(pieces), clean, pieces)


@pytest.mark.parametrize("index", range(0, 150, 3))
def test_traditional_is_simplified(index: int) -> None:
    clean = sentences()[index]
    traditional = opencc("s2t")(clean)
    assert len(traditional) == len(clean)
    page = normalise(traditional)
    if opencc("t2s")(traditional) == clean:
        check_restored(traditional, clean, list(traditional))
    else:
        check_laws(page)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_full_width_letters_and_digits_are_folded(data: st.DataObject) -> None:
    clean = data.draw(st.sampled_from(sentences()))
    pieces = [
        chr(ord(c) + tables.FULL_WIDTH) if c.isascii() and c.isalnum() and data.draw(st.booleans()) else c for c in clean
    ]
    check_restored("".join(pieces), clean, pieces)


@given(st.sampled_from("，：；！？（）"), st.data())
@settings(max_examples=100, deadline=None)
def test_half_width_punctuation_beside_chinese_is_widened(mark: str, data: st.DataObject) -> None:
    clean = data.draw(st.sampled_from([s for s in sentences() if mark in s]))
    damaged = clean.replace(mark, chr(ord(mark) - tables.FULL_WIDTH))
    check_restored(damaged, clean, list(damaged))


@cache
def over_conversions() -> dict[str, list[str]]:
    """What each simplified character is written as somewhere in traditional text, by the tables of OpenCC."""
    dictionary = Path(pytest.importorskip("opencc").__file__).parent / "dictionary/STCharacters.txt"
    rows = (line.split("\t") for line in dictionary.read_text(encoding="utf-8").splitlines())
    return {simplified: traditional.split(" ") for simplified, traditional in rows}


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_over_converted_text_is_put_right(data: st.DataObject) -> None:
    clean = data.draw(st.sampled_from(sentences()))
    forms = [over_conversions().get(c, [c]) for c in clean]
    damaged = "".join(form[data.draw(st.integers(0, len(form) - 1))] for form in forms)
    assume(not set("鍊乾讎") & set(damaged))  # the known failures
    check_restored(damaged, clean, list(damaged))


# The conversion against OpenCC itself


def converted_once(text: str) -> str:
    """One pass of our conversion."""
    step = simplify(Page.of(to_codes(text)))
    return text if step is None else to_text(apply(to_codes(text), step)[0])


def corpus_texts(folder: Path) -> list[str]:
    return [json.loads(line)["text"] for path in sorted(folder.glob("*.jsonl")) for line in path.open(encoding="utf-8")]


def check_against_opencc(texts: list[str]) -> None:
    text = "\n".join(texts)
    assert converted_once(text) == opencc("t2s")(text)
    traditional = opencc("s2t")(text)
    assert converted_once(traditional) == opencc("t2s")(traditional)


def test_conversion_is_that_of_opencc_on_our_corpus() -> None:
    check_against_opencc(corpus_texts(ROOT / "data/authored"))


@needs_shared
def test_conversion_is_that_of_opencc_on_the_annotated_corpus() -> None:
    check_against_opencc(corpus_texts(SHARED / "corpora/annotated"))


def dictionary_keys() -> list[str]:
    folder = Path(pytest.importorskip("opencc").__file__).parent / "dictionary"
    return [
        line.split("\t")[0]
        for name in ("TSPhrases.txt", "TSCharacters.txt", "STPhrases.txt")
        for line in (folder / name).read_text(encoding="utf-8").splitlines()
    ]


def test_conversion_is_that_of_opencc_on_its_own_entries() -> None:
    check_against_opencc(dictionary_keys()[:12000])


@given(st.lists(st.sampled_from(dictionary_keys()[:277] + list("乾瞭覆藉鍾鍊於一不国，,。")), min_size=2, max_size=6))
@settings(max_examples=300, deadline=None)
def test_conversion_is_that_of_opencc_where_its_words_overlap(words: list[str]) -> None:
    text = "".join(words)
    assert converted_once(text) == opencc("t2s")(text)


def test_a_dictionary_that_changes_lengths_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dictionary").mkdir()
    (tmp_path / "dictionary/TSCharacters.txt").write_text("麼\t什么\n", encoding="utf-8")
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    with pytest.raises(ValueError, match="changes the length"):
        tables._read_dictionary("TSCharacters.txt")


# Tables


def test_tables_lead_to_plain_characters() -> None:
    targets = set("".join(tables.folding().values())) | set("".join(tables.read_data("characters.toml")["quotes"].values()))
    bad = Kind.LINE_END | Kind.REMOVE | Kind.FOLD
    assert not [c for c in targets if tables.kinds()[ord(c)] & bad]
    simplified = to_text(tables.conversion().characters.values)
    assert not [c for c in simplified if tables.kinds()[ord(c)] & (bad | Kind.SPACE)]


def test_kangxi_radicals_are_all_folded() -> None:
    folded = tables.folding()
    assert all(ord(folded[chr(code)]) >= 0x4E00 for code in range(0x2F00, 0x2FD6))


def test_private_characters_are_those_of_gb18030_at_the_same_bytes() -> None:
    places = [bytes([0xFE, low]) for low in range(0x50, 0xA1) if low != 0x7F]  # code page 936: U+E815 and on
    private = {chr(0xE815 + i): place.decode("gb18030") for i, place in enumerate(places)}
    folded = tables.folding()
    assert {old: new for old, new in private.items() if "\u3400" <= new <= "\u4dbf"} == {
        old: new for old, new in folded.items() if "\ue000" <= old <= "\uf8ff"
    }


def test_number_of_syllables() -> None:
    assert len(tables.syllables()) == 415
    assert {"a", "er", "zhuang", "lüe", "yuan", "chi"} <= tables.syllables()
    assert not {"km", "pcr", "who", "jia1", "fi", "be"} & tables.syllables()


# Real pages


@needs_shared
def test_the_annotated_page_gives_its_gold_text() -> None:
    def dense(text: str) -> str:
        return "".join(normalise(text).text.split())

    raw = dense((SHARED / "samples/handan-2022.txt").read_text(encoding="utf-8"))
    gold = json.loads((SHARED / "samples/handan-2022.gold.json").read_text(encoding="utf-8"))["text"]
    at = 0
    for line in gold.splitlines():  # the gold text left two lines of page furniture out
        at = raw.index(dense(line), at) + len(dense(line))
    assert len(raw) - len(dense(gold)) <= len("20文章分类：邯郸要闻|友情链接副标题")


@needs_shared
def test_real_pages_keep_the_laws() -> None:
    for path in sorted((SHARED / "samples").glob("*.txt")):
        page = normalise(path.read_text(encoding="utf-8"))
        check_laws(page)
        check_spans(page, ((i, i + 1) for i in range(len(page.text))))
