"""Where everything stands: sentences, clauses, lines and coordinated lists of a text and its spans."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from yaowen.schema import BODIES, PEOPLE
from yaowen.spans import TaggedSpan

SENTENCE_ENDS = re.compile(r"[。！？；\n]")
CLAUSE_ENDS = re.compile(r"[。！？；\n，：,:]")
LINKS = frozenset(("", "、", "和", "及", "以及", "与", "暨", "兼", " ", "、和", "等"))
LOOSE_LINKS = LINKS | {"，", "；", ",", "和其他", "，以及"}

# Labels that stand together in one coordinated list.
_KINDS = dict.fromkeys((*PEOPLE, "POSITION"), "people") | dict.fromkeys(BODIES, "bodies")


@dataclass(frozen=True, slots=True)
class Chain:
    """A coordinated list (市长甲、副市长乙和丙): the first and last span of it, by index."""

    first: int
    last: int


class Layout:
    """A text with its spans in order, and for each span the index of its sentence, clause, line and lists."""

    __slots__ = ("chains", "clauses", "lines", "loose_chains", "sentence_ends", "sentences", "spans", "text")

    def __init__(self, text: str, spans: Sequence[TaggedSpan]) -> None:
        self.text = text
        self.spans = tuple(sorted(spans))
        self.sentence_ends = [m.start() for m in SENTENCE_ENDS.finditer(text)]
        clause_ends = [m.start() for m in CLAUSE_ENDS.finditer(text)]
        line_ends = [m.start() for m in re.finditer("\n", text)]
        self.sentences = [bisect_right(self.sentence_ends, s.start) for s in self.spans]
        self.clauses = [bisect_right(clause_ends, s.start) for s in self.spans]
        self.lines = [bisect_right(line_ends, s.start) for s in self.spans]
        self.chains = self._chains(LINKS)
        self.loose_chains = self._chains(LOOSE_LINKS)

    def gap(self, left: int, right: int) -> str:
        """The text between two spans, given by index."""
        return self.text[self.spans[left].end : self.spans[right].start]

    def sentence(self, index: int) -> tuple[int, int]:
        """The range of a sentence, its closing mark left out."""
        start = self.sentence_ends[index - 1] + 1 if index else 0
        end = self.sentence_ends[index] if index < len(self.sentence_ends) else len(self.text)
        return start, end

    def _chains(self, links: frozenset[str]) -> list[Chain]:
        chains: list[Chain] = []
        first = 0
        for index in range(1, len(self.spans) + 1):
            if index < len(self.spans) and self._linked(index, links):
                continue
            chains += [Chain(first, index - 1)] * (index - first)
            first = index
        return chains

    def _linked(self, index: int, links: frozenset[str]) -> bool:
        left, right = self.spans[index - 1], self.spans[index]
        kinds = _KINDS.get(left.label, left.label), _KINDS.get(right.label, right.label)
        return kinds[0] == kinds[1] and self.text[left.end : right.start] in links
