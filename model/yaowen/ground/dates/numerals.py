"""Numbers as dates write them: digits, numerals with tens (二十三, 廿三) and numerals one by one (二〇二二)."""

from functools import lru_cache

VALUES = {character: index for index, character in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}
TENS = {"十": 10, "廿": 20, "卅": 30}
NUMERAL = "[〇零一二三四五六七八九十廿卅两]"


@lru_cache(maxsize=1024)
def number(text: str) -> int | None:
    """The number that digits or numerals write, or None.

    >>> [number(n) for n in ("08", "八", "十", "二十一", "廿三", "二〇二二", "零八", "两", "百")]
    [8, 8, 10, 21, 23, 2022, 8, 2, None]
    """
    if text.isascii() and text.isdigit():
        return int(text)
    tens = next((character for character in text if character in TENS), None)
    if tens is None:
        digits = [VALUES.get(character) for character in text]
        return None if not text or None in digits else int("".join(map(str, digits)))
    before, _, after = text.partition(tens)
    if len(before) > 1 or len(after) > 1 or (before and tens != "十"):
        return None
    many, ones = VALUES.get(before, None) if before else 1, VALUES.get(after, None) if after else 0
    return None if many is None or ones is None else many * TENS[tens] + ones


def year_number(text: str) -> int | None:
    """The year that four digits or numerals write, 两千 included, or None.

    >>> [year_number(y) for y in ("2022", "二〇二二", "两千年"[:2], "两千零四", "二千零二十二", "789")]
    [2022, 2022, 2000, 2004, 2022, None]
    """
    if text[:2] in ("两千", "二千"):
        rest = number(text[2:].lstrip("零〇")) if text[2:] else 0
        return None if rest is None or rest > 99 else 2000 + rest
    value = number(text)
    return value if value is not None and len(text) == 4 and value >= 1000 else None


def small_number(text: str) -> int | None:
    """A number below a hundred as it is said: 十二 is one, 一二 (one or two) is none.

    >>> [small_number(n) for n in ("12", "十二", "一二", "零二", "〇")]
    [12, 12, None, 2, 0]
    """
    said_one_by_one = len(text) > 1 and not text.isascii() and text[0] not in "零〇" and not set(text) & set(TENS)
    return None if said_one_by_one else number(text)
