"""The order of precedence: which of two offices stands before the other in a list of people."""

from functools import cache
from typing import Final, NamedTuple

from yaowen.ground.bodies import body_level
from yaowen.ground.tables import table

PERSONAL: Final = ("rank", "professional")  # grades of a person, no seats


class _Order(NamedTuple):
    levels: dict[str, int]
    seats: dict[str, int]
    leading: tuple[str, ...]
    places: tuple[str, ...]


@cache
def _order() -> _Order:
    block = table("bodies.toml")["precedence"]
    places = tuple(table("offices.toml")["seats"]["places"].split())
    levels = {level: place for place, level in enumerate(block["levels"])}
    return _Order(
        levels, {seat: place for place, seat in enumerate(block["seats"])}, tuple(block["leading"].split()), places
    )


def precedence(body: str | None, office: str, kind: str | None, level: str, grade: str) -> tuple[int, int]:
    """A sort key of an office by its level, then by its seat; the lower, the higher in rank.

    >>> precedence("市委", "书记", "party", "city", "head") < precedence(None, "市长", "government", "city", "head")
    True
    >>> deputy_mayor = precedence("市政府", "副市长", "government", "city", "deputy")
    >>> deputy_mayor < precedence("市财政局", "局长", "government", "city", "head")
    True
    """
    order = _order()
    if grade in PERSONAL:
        seat = grade
    elif kind == "task force" or _leads(body, office, level, order):
        seat = f"{kind} {grade}"
    else:
        seat = f"unit {grade}"
    return order.levels[level], order.seats.get(seat, len(order.seats))


def _leads(body: str | None, office: str, level: str, order: _Order) -> bool:
    """Whether the body is one of the leading ones of its level; a seat without a body is one where it tells a level."""
    if body is None:
        return level != ""
    return body.endswith(order.leading) or office.endswith(order.places) or body_level(body[-1]) != ""
