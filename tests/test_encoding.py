"""Bytes to text: round trips, declared and undeclared encodings, what is refused and how."""

import json
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yaowen.text.encoding import decode

AUTHORED = Path(__file__).parents[1] / "data" / "authored"
SENTENCE = "7月8日上午，大观县委书记段承越主持召开防汛工作会议，县长陆云岫出席并讲话。"
TRADITIONAL = "7月8日上午，大觀縣委書記段承越主持召開防汛工作會議，縣長陸雲岫出席並講話。"


def articles(split: str) -> list[str]:
    with (AUTHORED / f"{split}.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


@pytest.mark.parametrize(
    ("codec", "found", "text"),
    [
        ("utf-8", "utf-8", SENTENCE), ("utf-8-sig", "utf-8-sig", SENTENCE), ("utf-16", "utf-16", SENTENCE),
        ("utf-32", "utf-32", SENTENCE), ("gb2312", "gb18030", SENTENCE), ("gbk", "gb18030", TRADITIONAL),
        ("gb18030", "gb18030", SENTENCE + "㐀𠮷€"), ("big5", "big5hkscs", TRADITIONAL),
        ("utf-16-le", "utf-16-le", SENTENCE), ("utf-16-be", "utf-16-be", TRADITIONAL),
    ],
)  # fmt: skip
def test_every_encoding_of_chinese_pages_is_read_and_named(codec: str, found: str, text: str) -> None:
    decoded = decode(text.encode(codec))
    assert (decoded.text, decoded.encoding) == (text, found)


def test_utf_16_big_endian_with_its_mark() -> None:
    assert decode(b"\xfe\xff" + SENTENCE.encode("utf-16-be")).text == SENTENCE


# https://github.com/jhy/jsoup/issues/1133: pages say GB2312 and use characters that only GB18030 has
@pytest.mark.parametrize("declared", ["gb2312", "GBK", "x-gbk", '"gb_2312-80"'])
def test_jsoup_1133_declared_gb2312_is_read_as_gb18030(declared: str) -> None:
    page = f"<html><head><meta charset={declared}></head><body>镕、喆、堃、㛃、𬭎五同志出席会议</body></html>"
    decoded = decode(page.encode("gb18030"))
    assert decoded.text == page
    assert decoded.encoding == "gb18030"
    assert not decoded.warnings


@pytest.mark.parametrize(("declared", "codec"), [("big5", "gb18030"), ("gb2312", "big5hkscs")])
def test_a_wrong_declaration_is_overruled_and_reported(declared: str, codec: str) -> None:
    page = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">{TRADITIONAL * 3}'
    decoded = decode(page.encode(codec))
    assert (decoded.text, decoded.encoding) == (page, codec)
    assert decoded.warnings == (f"the page declares {declared}, its characters are {codec}",)


def test_a_page_in_utf_8_that_declares_gb2312_is_utf_8() -> None:
    assert decode(f"<meta charset=gb2312>{SENTENCE}".encode()).encoding == "utf-8"


@pytest.mark.parametrize("label", ["utf-16", "rot13", "base64", "no-such-encoding", "idna", "unicode_escape"])
def test_a_declaration_that_cannot_be_true_is_ignored(label: str) -> None:
    page = f"<meta charset={label}>{SENTENCE}"
    assert decode(page.encode("gb18030")).text == page


def test_the_declaration_decides_where_characters_do_not() -> None:
    for codec in ("gb18030", "big5hkscs"):
        page = f'<?xml version="1.0" encoding="{codec.removesuffix("hkscs")}"?><p>鸞鶴</p>'
        assert decode(page.encode(codec)).text == page


def test_a_declaration_that_browsers_do_not_know_reads_no_page() -> None:
    page = "<meta charset=unicode_escape><p>\\u9e1e</p>鸞鶴"
    assert "\\u9e1e" in decode(page.encode("gb18030")).text


def test_pages_in_other_languages_get_a_guess_and_say_so() -> None:
    text = "Заседание штаба по ликвидации последствий наводнения прошло в районном центре. " * 4
    decoded = decode(text.encode("cp1251"))
    assert decoded.text == text
    assert "guess" in decoded.warnings[0]


def test_broken_bytes_are_counted_and_located() -> None:
    first = len(SENTENCE[:10].encode())
    broken = SENTENCE[:10].encode() + b"\xff" + SENTENCE[10:].encode() + b"\xfe" + (SENTENCE * 2).encode()
    decoded = decode(broken)
    assert decoded.encoding == "utf-8"
    assert decoded.text.replace("\ufffd", "") == SENTENCE * 3
    assert decoded.warnings == (f"2 broken byte sequences in utf-8 text (first at byte {first}) read as U+FFFD",)


def test_replacement_characters_that_the_page_has_are_not_counted() -> None:
    data = ("\ufffd" + SENTENCE).encode() + b"\xff"
    assert decode(data).warnings[0].startswith("1 broken byte sequence in utf-8")
    assert decode(("\ufffd" + SENTENCE).encode()).warnings == ()


def test_a_page_cut_in_the_middle_of_a_character_is_still_read() -> None:
    for codec in ("utf-8", "gb18030"):
        decoded = decode(SENTENCE.encode(codec)[:-1])
        assert decoded.encoding == codec
        assert decoded.text.startswith(SENTENCE[:-1])
        assert decoded.warnings


def test_the_callers_encoding_goes_first() -> None:
    assert decode(SENTENCE.encode("gbk"), "GB2312").encoding == "gb18030"


@pytest.mark.parametrize("name", ["utf-99", "", "idna", "undefined", "punycode", "rot13", "a\x00b", "\ud83d"])
def test_an_encoding_that_reads_no_pages_is_unknown(name: str) -> None:
    with pytest.raises(ValueError, match=r"unknown encoding '.*utf-8, gb18030"):
        decode(SENTENCE.encode(), name)


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "big5hkscs"])
def test_a_stray_nul_byte_refuses_no_page(codec: str) -> None:
    text = f"<p>{TRADITIONAL}\0</p>"
    decoded = decode(text.encode(codec))
    assert (decoded.text, decoded.encoding) == (text, codec)


@settings(deadline=None, max_examples=30)
@given(st.randoms(use_true_random=False))
def test_noise_with_a_nul_byte_is_refused_as_before(random: Random) -> None:
    with pytest.raises(ValueError, match=r"binary file|no text that can be read"):
        decode(b"\x01" + random.randbytes(4000) + b"\0")


@pytest.mark.parametrize("data", [b"", b" \r\n\t"])
def test_nothing_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="empty"):
        decode(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.7\n", "a PDF file.*pdftotext"), (b"\x89PNG\r\n\x1a\n\x00\x00", "an image.*OCR"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "an image"), (b"GIF89a\x01", "an image"), (b"PK\x03\x04\x14\x00", "ZIP.*Office"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "Office"), (b"{\\rtf1\\ansi", "RTF"), (b"\x1f\x8b\x08\x00", "compressed"),
        (b"text\x00\x01\x02 and more", "NUL byte at byte 4"), (bytes(range(1, 32)) * 9 + b"abc", "control characters"),
        (b"\x7fELF\x02", "program"),
    ],
)  # fmt: skip
def test_binary_files_are_refused_with_what_they_are_and_what_to_do(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode(data)


def test_bytes_that_no_encoding_reads_are_refused() -> None:
    noise = bytes((i * 73 + i * i * 11) % 127 + 129 for i in range(4001)) + b"\xff" * 2000
    with pytest.raises(ValueError, match=r"no text that can be read.*name its encoding: yaowen predict --encoding NAME"):
        decode(noise)
    with pytest.raises(ValueError, match=r"broken in big5hkscs, the encoding that was named. Name another;"):
        decode(noise, "big5")


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1), st.sampled_from(["utf-8", "utf-8-sig"]))
def test_utf_8_is_always_utf_8(text: str, codec: str) -> None:
    if text.strip() and not text.startswith("\ufeff"):
        data = text.encode(codec)
        if data.strip() and not data.startswith((b"RIFF", b"ID3", b"BZh", b"{\\rtf")):
            assert decode(data).text == text


@pytest.mark.parametrize(("length", "least"), [(4, 0.93), (6, 0.97), (20, 0.995), (200, 1.0), (100_000, 1.0)])
def test_short_and_long_texts_of_our_corpus_in_every_encoding(length: int, least: float) -> None:
    from opencc import OpenCC

    convert = OpenCC("s2t").convert
    right = total = 0
    for article in articles("dev"):
        traditional = convert(article[: 3 * length][:600])
        for text, codec in ((article, "gb18030"), (traditional, "gb18030"), (traditional, "big5hkscs")):
            data = text[:length].encode(codec, "ignore")
            if data.strip() and not data.isascii():
                total += 1
                right += decode(data).text == data.decode(codec)
    assert total >= 60
    assert right / total >= least


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "big5hkscs"])
def test_a_megabyte_is_read_quickly(codec: str) -> None:
    text = SENTENCE if codec != "big5hkscs" else TRADITIONAL
    data = (text.encode(codec) * 20_000)[:1_000_000]
    start = time.perf_counter()
    decode(data)
    assert time.perf_counter() - start < 1.0  # 0.05-0.1 s on a quiet machine
