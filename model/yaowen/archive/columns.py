"""Which columns of a table hold what: those that the user named, else those with a usual name and values that fit."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

from yaowen.data_files import toml_table

_LONGEST_ID: Final = 200
# 2020-02-08, 2020/2/8, 2020.2.8, 2020年2月8日, 20200208; a time of day may follow.
_CLOCK: Final = r"(?:T|(?<=日)| +)(?:(?:星期|周)[一二三四五六日天] *)?(?:上午|下午)? ?\d{1,2}[:：时].*"
_DAY = re.compile(
    r"(?:(\d{4}) ?[-/.年] ?(\d{1,2}) ?[-/.月] ?(\d{1,2})(?: ?日)?|((?:19|20)\d\d)(\d\d)(\d\d))" + f"(?:{_CLOCK})?"
)


def day(value: object) -> str | None:
    """The day that a value says, as an ISO date; None where it is no date. Of a date with a time it is the day.

    >>> [day(value) for value in ("2020/2/8 10:30", "2020年2月8日", 20200208, "2月8日", "2020-02-30")]
    ['2020-02-08', '2020-02-08', '2020-02-08', None, None]
    """
    match = _DAY.fullmatch(str(value).strip())
    try:
        return date(*(int(part) for part in match.groups() if part)).isoformat() if match else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table: where the fields are that the user named, and where others may be, the likeliest first."""

    names: Sequence[str]
    named: Mapping[str, int]
    usual: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, names: Sequence[str], wanted: Mapping[str, str], can_be_numbers: bool = False) -> "Columns":
        """Raises `ValueError` where there is no text, or not what the user named.

        >>> Columns.of(["url", "正文"], {"id": "url"})
        Columns(names=['url', '正文'], named={'id': 0}, usual={'text': [1]})
        """
        named = {}
        for field, name in wanted.items():
            if name in names:
                named[field] = list(names).index(name)
            elif can_be_numbers and name.isdigit() and int(name) > 0:
                named[field] = int(name) - 1
            else:
                raise ValueError(f"no column is called {name!r}; there are: {_listed(names)}. Check --columns.")
        usual: dict[str, list[int]] = {}
        if not by_number(names, wanted):
            keys = [_key(name) for name in names]
            for field, expected in _usual().items():
                places = [keys.index(key) for key in expected if key in keys]
                if field not in named and places:
                    usual[field] = places
        if "text" not in named and "text" not in usual:
            remedy = "Name it: --columns text=NAME"
            remedy += ", or by its number if the file has no header: --columns text=2." if can_be_numbers else "."
            raise ValueError(f"no column holds the text; there are: {_listed(names)}. {remedy}")
        return cls(names, named, usual)

    def fit(self, first: Mapping[int, Any]) -> tuple[dict[str, int], str]:
        """Where the fields are, by the first row (its values by column), and in words what was guessed, if anything was."""
        places, notes = dict(self.named), []
        for field, candidates in self.usual.items():
            fitting = [place for place in candidates if self._fits(field, place, first.get(place))]
            if field == "published":  # better a day than nothing
                fitting.sort(key=lambda place: first.get(place) in (None, ""))
            if fitting:
                places[field] = fitting[0]
            else:
                notes.append(f"{self.names[candidates[0]]} is not taken for {field}, as its first value does not fit")
        guessed = {field: self.names[place] for field, place in places.items() if field not in self.named}
        if notes or any(_key(name) != _usual()[field][0] for field, name in guessed.items()):
            notes.insert(0, "columns: " + ", ".join(f"{field} from {name}" for field, name in guessed.items()))
        return places, f"{'; '.join(notes)}. Name others with --columns FIELD=COLUMN." if notes else ""

    def _fits(self, field: str, place: int, value: Any) -> bool:
        if field == "text" or _key(self.names[place]) == _usual()[field][0]:
            return True
        if field == "id":
            return value is not None and 0 < len(str(value)) <= _LONGEST_ID and "\n" not in str(value)
        return value in (None, "") or day(value) is not None


def by_number(names: Sequence[str], wanted: Mapping[str, str]) -> bool:
    """Whether the user gave numbers of columns, for want of a header."""
    return bool(wanted) and all(name.isdigit() and name not in names for name in wanted.values())


@cache
def _usual() -> dict[str, list[str]]:
    table = toml_table("yaowen.archive", "columns.toml")
    return {field: [_key(name) for name in names] for field, names in table.items()}


def _key(name: str) -> str:
    """A name as names are compared.

    >>> _key(" Publish_Date ")
    'publishdate'
    """
    return re.sub(r"[\s_-]", "", name).lower()


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:20]) for name in names[:12])
    return shown + (" …" if len(names) > 12 else "") if names else "none"
