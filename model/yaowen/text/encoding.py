"""Bytes to text: UTF-8, UTF-16, GB18030 (whatever the page calls it) and Big5, told apart and reported."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from yaowen.text.tables import read_data

BOMS: Final = (  # longest first: the UTF-16 mark begins the UTF-32 one
    (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip
CANDIDATES: Final = ("utf-8", "gb18030", "big5hkscs")
DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.I)
DECLARATION_BYTES: Final = 4096  # HTML asks for 1,024; pages of old systems put scripts before it
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
ASCII = re.compile(r"[\x00-\x7f]+")
SAMPLE: Final = 20_000  # characters that a guess is made from
BROKEN_SHARE: Final = 0.05  # of the characters beyond ASCII that may be broken in what is still called UTF-8
SURE: Final = 0.30  # share of common characters from which a reading needs no second opinion; wrong readings have 0.02-0.10
HINT_BONUS: Final = 0.05  # what the page's own declaration adds to that share
NUL_SHARE: Final = 0.02  # of the bytes that may be NUL in a text: what a broken template leaves
BINARY_SHARE: Final = 0.02  # of control characters, and ...
UNREADABLE_SHARE: Final = 0.20  # ... of undecodable ones, from which a file is no text
NAME_IT: Final = "If it is text, name its encoding: yaowen predict --encoding NAME"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the name of the codec that read it, and in words what is doubtful about it."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reading:
    """The bytes as one codec reads them, and how Chinese that looks (share of common among non-ASCII characters)."""

    encoding: str
    text: str
    broken: int
    commonness: float


def decode(data: bytes, encoding: str | None = None) -> Decoded:
    """Read the bytes of a page; `encoding` overrides what would be found.

    Raises `ValueError` for nothing at all, for what is no text, and for an `encoding` that Python does not know.

    >>> decode("大观县召开会议".encode("gbk")).encoding
    'gb18030'
    """
    if not data.strip():
        raise ValueError("the input is empty: there is no text to read. Give a file with text or HTML in it")
    if encoding is not None:
        return _decode_as(data, encoding)
    for mark, codec in BOMS:
        if data.startswith(mark):
            return _finish(data, codec, ())
    _refuse_binary(data)
    if b"\x00" in data and (wide := _decode_wide(data)):
        return wide
    try:
        return _checked(Decoded(data.decode("utf-8"), "utf-8"))
    except UnicodeDecodeError:
        return _guess(data)


def _knowledge() -> dict[str, Any]:
    return read_data("encoding.toml")


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset("".join(_knowledge()["common"].values())) - {"\n"}


@lru_cache(maxsize=1)
def _labels() -> dict[str, str]:
    return {label: codec for codec, labels in _knowledge()["labels"].items() for label in labels}


def _refuse_binary(data: bytes) -> None:
    for magic in _magic():
        if data.startswith(magic[0]):
            raise ValueError(f"this is {magic[1]}, not text: {magic[2]}")


@lru_cache(maxsize=1)
def _magic() -> tuple[tuple[bytes, str, str], ...]:
    return tuple(
        (bytes.fromhex(start), entry["kind"], entry["remedy"])
        for entry in _knowledge()["magic"]
        for start in entry["starts"]
    )


def codec_of(encoding: str) -> str:
    """The codec that reads what is called so: of an old Chinese name its successor. Raises `ValueError` for an unknown name.

    >>> codec_of("GB2312"), codec_of("UTF-16BE")
    ('gb18030', 'utf-16-be')
    """
    codec = _python_name(_labels().get(encoding.lower(), encoding))
    if codec is None:
        raise ValueError(
            f"unknown encoding {encoding!r}: give a name such as utf-8, gb18030, big5 or utf-16, or none to have it found"
        )
    return codec


def _decode_as(data: bytes, encoding: str) -> Decoded:
    codec = codec_of(encoding)
    if codec == "utf-8" and data.startswith(BOMS[2][0]):
        codec = "utf-8-sig"
    return _finish(data, codec, (), is_named=True)


def _finish(data: bytes, codec: str, warnings: tuple[str, ...], is_named: bool = False) -> Decoded:
    """Decode, and say where bytes were broken; `is_named`: in an encoding that the caller gave."""
    try:
        return _checked(Decoded(data.decode(codec), codec, warnings), is_named)
    except UnicodeDecodeError as error:
        text = data.decode(codec, "replace")
        count = max(1, text.count("\ufffd") - _written_replacements(data, codec))
        where = f"{count} broken byte sequence{'s' * (count > 1)} in {codec} text (first at byte {error.start})"
        return _checked(Decoded(text, codec, (*warnings, f"{where} read as U+FFFD")), is_named)


def _written_replacements(data: bytes, codec: str) -> int:
    """U+FFFD that the page itself has: they are not broken bytes."""
    try:
        return data.count("\ufffd".encode("utf-8" if codec == "utf-8-sig" else codec))
    except UnicodeEncodeError:
        return 0


def _checked(decoded: Decoded, is_named: bool = False) -> Decoded:
    """The same, unless what came out is no text."""
    text = decoded.text
    controls = len(CONTROL.findall(text))
    if controls > 2 and controls > BINARY_SHARE * len(text):
        raise ValueError(
            f"this looks like a binary file: {controls:,} of its {len(text):,} characters are control characters. "
            "Give a file with text or HTML in it"
        )
    broken = text.count("\ufffd")
    if broken > 2 and broken > UNREADABLE_SHARE * len(ASCII.sub("", text)):
        whose = "the encoding that was named. Name another" if is_named else f"the likeliest encoding. {NAME_IT}"
        raise ValueError(
            f"this is no text that can be read: {broken:,} byte sequences are broken in {decoded.encoding}, {whose}; "
            "if it is no text, give a file with text or HTML in it"
        )
    return decoded


def _decode_wide(data: bytes) -> Decoded | None:
    """NUL bytes: UTF-16 without its mark if that reads as Chinese; None for a few of them in a text, else a binary file."""
    readings = [r for r in (_read(data, codec) for codec in ("utf-16-le", "utf-16-be")) if not r.broken]
    best = max(readings, key=lambda r: r.commonness, default=None)
    if best is None or best.commonness < SURE:
        if data.count(0) <= NUL_SHARE * len(data):
            return None
        raise ValueError(
            f"this looks like a binary file: there is a NUL byte at byte {data.index(0)}. Give a file with text or HTML "
            "in it; if it is text in UTF-16 or UTF-32, name its encoding: yaowen predict --encoding utf-16-le"
        )
    return _checked(Decoded(best.text, best.encoding, (f"no byte-order mark: read as {best.encoding} by its characters",)))


def _read(data: bytes, codec: str) -> _Reading:
    text = data.decode(codec, "replace")
    beyond = ASCII.sub("", text)
    sample = beyond[:SAMPLE]
    share = sum(map(_common().__contains__, sample)) / len(sample) if sample else 0.0
    return _Reading(codec, text, beyond.count("\ufffd"), share)


def _declared(data: bytes) -> Iterator[tuple[str, str]]:
    """The encodings that the page's head declares, in order, each with the codec that reads it."""
    for match in DECLARED.finditer(data[:DECLARATION_BYTES]):
        label = match[1].decode("ascii").lower()
        codec = _labels().get(label, label)
        if _python_name(codec) in _knowledge()["declared"]["codecs"]:
            yield label, codec


def _python_name(codec: str) -> str | None:
    """Python's own name of a codec; None for what is none, or none for any bytes (idna, undefined)."""
    try:
        bytes(range(256)).decode(codec, "replace")
        return codecs.lookup(codec).name
    except (LookupError, ValueError):  # the second for a name that cannot be one, and for bytes that cannot be replaced
        return None


def _guess(data: bytes) -> Decoded:
    """Not valid UTF-8: the reading with the most common characters; if none has enough, what the page or a library says."""
    readings = {codec: _read(data, codec) for codec in CANDIDATES}
    label, hint = next(_declared(data), (None, None))
    utf8 = readings["utf-8"]
    if utf8.broken <= BROKEN_SHARE * len(ASCII.sub("", utf8.text)):
        return _finish(data, "utf-8", ())

    def weight(reading: _Reading) -> float:
        return reading.commonness + HINT_BONUS * (reading.encoding == hint)

    best = max(readings.values(), key=weight)
    if weight(best) >= SURE:
        said = f"the page declares {label}, its characters are {best.encoding}"
        known_otherwise = hint in CANDIDATES and hint != best.encoding
        return _finish(data, best.encoding, (said,) if known_otherwise else ())
    return _second_opinion(data, hint)


def _second_opinion(data: bytes, hint: str | None) -> Decoded:
    """Few common Chinese characters: the declared encoding if it reads without an error, else charset-normalizer's guess."""
    if hint is not None:
        try:
            return _checked(Decoded(data.decode(hint), hint))
        except (UnicodeDecodeError, LookupError):
            pass
    from charset_normalizer import from_bytes

    first = next(i for i, byte in enumerate(data) if byte > 0x7F)
    found = from_bytes(data[max(0, first - 64) : first + SAMPLE]).best()
    if found is None:
        raise ValueError(
            f"this is no text that can be read: no encoding fits its bytes. {NAME_IT}; "
            "if it is no text, give a file with text or HTML in it"
        )
    codec = _labels().get(found.encoding.replace("_", "-"), found.encoding.replace("_", "-"))
    return _finish(
        data, codec, (f"few common Chinese characters: the encoding, {codec}, is a guess. If it is wrong: --encoding NAME",)
    )
