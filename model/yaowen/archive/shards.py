"""Inputs cut into units (files read by one reader) and shards (documents extracted and written together).

Both cuts depend on the inputs and two settings alone. So whoever does a shard, and however often, it has the same
documents in the same pools, and its output is the same to the last bit.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Final

from yaowen.archive.pages import Found, Item, Noted, Page, Problem, Skipped
from yaowen.archive.sources import read

SHARD_DOCUMENTS: Final = 1000
SHARD_BYTES: Final = 8 << 20  # of files in a unit of many, and of characters in a shard: what a process holds at a time
UNIT_KEYS: Final = 1_000_000_000  # documents of a unit at most; the key of a document is its unit × this + its place there


@dataclass(frozen=True, slots=True)
class Unit:
    """Files that one reader reads in order: a large one alone, or several small ones."""

    number: int
    files: tuple[Found | Problem, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def fingerprint(self) -> str:
        """What tells these inputs from others: names, sizes and times of change, not what is in them."""
        told = [
            [file.message] if isinstance(file, Problem) else [file.name, file.size, file.modified] for file in self.files
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Shard:
    """Documents to extract together, and what in between could not be read.

    `first`: the place in its unit of the first item; `last`: whether the unit ends with it; `size`: bytes of input;
    `notes`: what is to be told of how it was read.
    """

    unit: int
    index: int
    first: int
    items: tuple[Page | Problem, ...]
    skipped: Mapping[str, int]
    size: int
    last: bool
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return shard_name(self.unit, self.index)

    def to_json(self) -> str:
        """All of it as text, to send to another machine."""
        items = [(type(item).__name__, asdict(item)) for item in self.items]
        return json.dumps([self.unit, self.index, self.first, items, dict(self.skipped), self.size, self.last, self.notes])

    @classmethod
    def from_json(cls, text: str) -> "Shard":
        """The shard of `to_json`."""
        unit, index, first, items, skipped, size, last, notes = json.loads(text)
        read = tuple(_item(kind, fields) for kind, fields in items)
        return cls(unit, index, first, read, skipped, size, last, tuple(notes))


def _item(kind: str, fields: dict) -> Page | Problem:
    if kind == "Problem":
        return Problem(**fields)
    return Page(**(fields | {"warnings": tuple(fields["warnings"])}))


def shard_name(unit: int, index: int) -> str:
    """
    >>> shard_name(3, 14)
    '000003-0014'
    """
    return f"{unit:06d}-{index:04d}"


def units(files: Iterable[Found | Problem], documents: int = SHARD_DOCUMENTS) -> Iterator[Unit]:
    """Neighbouring files together, as long as they are few and small."""
    number, size = 0, 0
    group: list[Found | Problem] = []
    for file in files:
        if group and (len(group) >= documents or size + file.size > SHARD_BYTES):
            yield Unit(number, tuple(group))
            number, group, size = number + 1, [], 0
        group.append(file)
        size += file.size
    if group:
        yield Unit(number, tuple(group))


def cut(
    unit: Unit,
    documents: int = SHARD_DOCUMENTS,
    columns: Mapping[str, str] | None = None,
    finished: Container[str] = (),
    encoding: str | None = None,
) -> Iterator[Shard]:
    """The shards of a unit, read as they are asked for. Of one that is finished no documents are kept."""
    items = chain.from_iterable(
        [file] if isinstance(file, Problem) else read(file, None, columns, encoding) for file in unit.files
    )
    ahead = next(items, None)
    index = place = 0
    while True:
        is_finished = shard_name(unit.number, index) in finished
        kept: list[Page | Problem] = []
        skipped: Counter[str] = Counter()
        notes: dict[str, None] = {}
        first, characters, size = place, 0, 0
        while ahead is not None and place - first < documents and characters < SHARD_BYTES:
            size += ahead.size
            if isinstance(ahead, Skipped):
                skipped[ahead.reason] += 1
            elif isinstance(ahead, Noted):
                notes[ahead.message] = None
            else:
                place += 1
                characters += _characters(ahead)
                if not is_finished:
                    kept.append(ahead)
            ahead = next(items, None)
        yield Shard(unit.number, index, first, tuple(kept), skipped, size, ahead is None, tuple(notes))
        if ahead is None:
            return
        index += 1


def _characters(item: Item) -> int:
    return len(item.text) if isinstance(item, Page) else 0
