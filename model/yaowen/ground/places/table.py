"""The divisions of China, each by every name it had since 1980, and who lies in whom."""

import importlib.resources
import lzma
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from yaowen.data_files import toml_table

NATION: Final = "100000"


@dataclass(frozen=True, slots=True)
class Division:
    """A division by one of its names: the code of today (or its last), the years of the name, and its code in them."""

    code: str
    name: str
    level: str  # country, province, city or county
    parent: str | None
    first: int = 1949
    last: int | None = None  # None: it bears the name today
    was: str | None = None  # the code it had under this name, if another than `code`

    def bears(self, year: int) -> bool:
        """Whether this was the division's name at some time of the year."""
        # The table says what held at the ends of years: a name of 2009 was changed in 2010.
        return self.first - 1 <= year and (self.last is None or year <= self.last + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Divisions:
    """All names, and of each code the present (or last) one."""

    names: tuple[Division, ...]
    by_code: dict[str, Division]
    lineage: dict[str, tuple[str, ...]]  # code -> itself and those above it, without the nation

    def inside(self, code: str, other: str) -> bool:
        """Whether a division is another or lies in it."""
        return other in self.lineage[code] or other == NATION

    def full_name(self, code: str) -> str:
        """The names from the province down: 海南省三亚市吉阳区."""
        return "".join(self.by_code[c].name for c in reversed(self.lineage[code])) or self.by_code[code].name


def data_file(name: str) -> bytes:
    """A data file of this folder."""
    return importlib.resources.files("yaowen.ground.places").joinpath("data", name).read_bytes()


def knowledge() -> dict[str, Any]:
    """`places.toml`, parsed."""
    return toml_table("yaowen.ground.places", "data", "places.toml")


def table_lines(name: str) -> list[list[str]]:
    """The cells of a tab-separated data file; lines that begin with # are comments."""
    content = data_file(name)
    text = (lzma.decompress(content) if name.endswith(".xz") else content).decode("utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def _level(code: str, parent: str) -> str:
    if not parent:
        return "province"
    return "city" if code.endswith("00") else "county"


@cache
def divisions() -> Divisions:
    """The table, read once."""
    names = [Division(NATION, "中国", "country", None)]
    for cells in table_lines("divisions.tsv"):
        code, name, first, last, was, parent = cells + [""] * (6 - len(cells))
        years = int(first), int(last) if last else None
        names.append(Division(code, name, _level(code, parent), parent or NATION, *years, was or None))
    by_code: dict[str, Division] = {}
    for division in names:  # of each code, the newest name stands first
        by_code.setdefault(division.code, division)
    lineage: dict[str, tuple[str, ...]] = {NATION: ()}

    def line(code: str) -> tuple[str, ...]:
        if code not in lineage:
            parent = by_code[code].parent
            lineage[code] = (code, *(line(parent) if parent in by_code else ()))
        return lineage[code]

    for code in by_code:
        line(code)
    return Divisions(tuple(names), by_code, lineage)


@cache
def townships() -> dict[str, tuple[str, ...]]:
    """The nine-digit codes of the towns and streets of each name; read only when a mention has such a word in it."""
    table: dict[str, list[str]] = {}
    for county, names in table_lines("townships.tsv.xz"):
        for item in names.split(" "):
            table.setdefault(item[3:], []).append(county + item[:3])
    return {name: tuple(codes) for name, codes in table.items()}
