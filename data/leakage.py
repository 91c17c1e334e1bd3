"""Texts that stand in two splits: equal ones, and those that share long stretches."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yaowen.formats.annotated import AnnotatedDocument

SHINGLE: Final = 12  # characters in a row that two news texts seldom share unless one takes them from the other
LEAST: Final = 20  # shared shingles below which two texts are taken to share formulas only
SHARE: Final = 0.2  # of the shingles of the shorter text
COMMON: Final = 40  # a shingle in more texts than this is a formula
_SPLIT: Final = re.compile(r"train|dev|valid|test")


@dataclass(frozen=True, slots=True)
class Placed:
    """A document with the file it stands in."""

    file: Path
    document: AnnotatedDocument

    @property
    def split(self) -> str:
        """What the file's name begins with (`train-more` is `train`), else the whole path.

        >>> Placed(Path("a/train-more.jsonl"), AnnotatedDocument("x", None, "", "", (), ())).split
        'train'
        """
        found = _SPLIT.match(self.file.stem)
        return found[0] if found else str(self.file)

    def __str__(self) -> str:
        return f"{self.file} ({self.document.id})"


def shingles(text: str, length: int = SHINGLE) -> set[str]:
    """Every stretch of that many characters, white space aside."""
    packed = "".join(text.split())
    return {packed[i : i + length] for i in range(len(packed) - length + 1)}


def repeated(placed: Iterable[Placed]) -> Iterator[str]:
    """Texts (white space aside) and ids that stand more than once, in one file or in two."""
    texts, ids = defaultdict(list), defaultdict(list)
    for item in placed:
        texts["".join(item.document.text.split())].append(str(item))
        ids[item.document.id].append(str(item.file))
    for places in texts.values():
        if len(places) > 1:
            yield f"the same text stands in {' and '.join(places)}"
    for name, places in ids.items():
        if len(places) > 1:
            yield f"the id {name!r} stands in {' and '.join(places)}"


def shared(placed: Sequence[Placed]) -> Iterator[str]:
    """Pairs of documents of two splits of which one takes much from the other, the closest first."""
    if len({item.split for item in placed}) < 2:
        return
    own = [shingles(item.document.text) for item in placed]
    holders = defaultdict(list)
    for index, found in enumerate(own):
        for shingle in found:
            holders[shingle].append(index)
    together: Counter[tuple[int, int]] = Counter()
    for indices in holders.values():
        if 1 < len(indices) <= COMMON:
            together.update((a, b) for i, a in enumerate(indices) for b in indices[i + 1 :])
    shares = {(a, b): n / min(len(own[a]), len(own[b])) for (a, b), n in together.items() if n >= LEAST}
    for (a, b), share in sorted(shares.items(), key=lambda item: -item[1]):
        if share >= SHARE and placed[a].split != placed[b].split and not _equal(placed[a], placed[b]):
            yield f"{placed[a]} and {placed[b]} share {share:.0%} of the shorter text: put both into one split"


def _equal(first: Placed, second: Placed) -> bool:
    return first.document.text.split() == second.document.text.split()
