"""Lists that count what is taken out of them: how much work grows with a text, without a clock."""

from collections.abc import Iterable
from typing import Any


class Counted(list[Any]):
    """A list with the number of items handed out one by one, in slices or in loops."""

    def __init__(self, items: Iterable[Any]) -> None:
        super().__init__(items)
        self.taken = 0

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        self.taken += len(found) if isinstance(place, slice) else 1
        return found

    def __iter__(self) -> Any:
        for item in super().__iter__():
            self.taken += 1
            yield item
