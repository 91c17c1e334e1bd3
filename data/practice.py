"""How two sets of annotators differ: words that the ones mark and the others mostly leave.

    python -m data.practice FILE ... --beside FILE ... [--label MEASURE]

The words are listed by how little chance explains that they are marked more often in one set than in the other (the
log-likelihood ratio of Dunning 1993, "Accurate methods for the statistics of surprise and coincidence"). Where a word
stands inside a longer mark it is not counted.
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yaowen import formats
from yaowen.formats.annotated import AnnotatedDocument

LEAST: Final = 2  # characters of words; one alone says too little
SURPRISE: Final = 10.83  # of a difference that chance alone makes once in a thousand words
HIDDEN: Final = "\0"  # in place of each mark where unmarked words are looked for


@dataclass(frozen=True, slots=True)
class Difference:
    """Words with a label: how often they are marked so, of how many times they stand there, in either set."""

    words: str
    label: str
    here: tuple[int, int]
    beside: tuple[int, int]

    @property
    def surprise(self) -> float:
        """Twice the logarithm of how much likelier two rates are than one.

        >>> round(Difference("救治", "MEASURE", (9, 10), (1, 10)).surprise, 1)
        14.7
        """
        together = (self.here[0] + self.beside[0], self.here[1] + self.beside[1])
        return 2 * (_likelihood(*self.here) + _likelihood(*self.beside) - _likelihood(*together))

    def __str__(self) -> str:
        (a, of_a), (b, of_b) = self.here, self.beside
        return f"{self.words} {self.label}: {a} of {of_a} here, {b} of {of_b} beside"


def differences(here: Sequence[AnnotatedDocument], beside: Sequence[AnnotatedDocument], label: str = "") -> list[Difference]:
    """What is not marked alike, the most surprising first; `label`: of this label alone (or of all that begin with it)."""
    marked = [_marked(documents, label) for documents in (here, beside)]
    bare = ["".join(map(_bare, documents)) for documents in (here, beside)]
    found = []
    for words, name in marked[0].keys() | marked[1].keys():
        counts = [(m[words, name], m[words, name] + text.count(words)) for m, text in zip(marked, bare, strict=True)]
        found.append(Difference(words, name, *counts))
    told = [d for d in found if d.here[1] and d.beside[1] and d.surprise >= SURPRISE]
    return sorted(told, key=lambda d: (-d.surprise, d.words, d.label))


def _marked(documents: Iterable[AnnotatedDocument], label: str) -> Counter[tuple[str, str]]:
    marks = ((d.text[m.start : m.end], m.label) for d in documents for m in d.spans if m.label.startswith(label))
    return Counter(mark for mark in marks if len(mark[0]) >= LEAST)


def _bare(document: AnnotatedDocument) -> str:
    """The text without what is marked."""
    parts, end = [], 0
    for mark in sorted(document.spans, key=lambda m: m.start):
        parts.append(document.text[end : max(mark.start, end)])
        end = max(end, mark.end)
    return HIDDEN.join([*parts, document.text[end:], ""])


def _likelihood(marked: int, all_: int) -> float:
    """The logarithm of the likelihood of `marked` of `all_` at just that rate."""
    return sum(n * math.log(n / all_) for n in (marked, all_ - marked) if n)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--beside", nargs="+", type=Path, required=True, metavar="FILE")
    parser.add_argument("--label", default="", help="this label alone, or all that begin so: TRIGGER")
    chosen = parser.parse_args()
    try:
        here, beside = ([d for path in paths for d in formats.read(path)] for paths in (chosen.files, chosen.beside))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    told = differences(here, beside, chosen.label)
    for difference in told:
        print(difference)
    print(f"{len(told)} words are marked at different rates", file=sys.stderr)


if __name__ == "__main__":
    main()
