"""The offset law over generated documents: damage clean sentences, normalise, and compare with what is known of the damage.

    python -m eval.offsets [--documents 100000] [--out eval/results/offsets.json]

Every document is a few sentences of our own corpus, written in traditional characters, annotated with pinyin, in full-width
digits, with zero-width characters and odd spaces and line ends, as the dice say. The law: `raw[start:end]` is what a span
says it is, whatever the damage. Reported besides: how often the clean text comes back, and spans with the exact raw range.
"""

import argparse
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from opencc import OpenCC

from eval.record import show
from yaowen.formats.annotated import read
from yaowen.text.normalise import NormalisedText, normalise, replay

CORPUS = [Path(f"data/authored/{part}.jsonl") for part in ("train", "dev", "test")]
PINYIN = ("jiān", "lǐng", "dǎo", "kāi", "huì", "zhǎng", "qiáng", "jué", "xué", "guǎn")
ZERO_WIDTH = ("\u200b", "\ufeff", "\u00ad", "\u200d")
SPANS = 5  # checked in each document


@dataclass(frozen=True, slots=True)
class Damaged:
    """A raw text, the clean text behind it, and the raw range of every clean character."""

    raw: str
    clean: str
    ranges: list[tuple[int, int]]


def damage(clean: str, traditional: str, rng: random.Random) -> Damaged:
    """One damaged form of a clean text; each kind of damage is on or off for the whole text, then falls at random."""
    kinds = {kind for kind in ("traditional", "pinyin", "wide", "zero width", "spaces") if rng.random() < 0.4}
    raw, ranges = "", []
    for plain, old in zip(clean, traditional, strict=True):
        written = old if "traditional" in kinds else plain
        if "wide" in kinds and plain.isascii() and plain.isalnum():
            written = chr(ord(plain) + 0xFEE0)
        if "spaces" in kinds and plain == " ":
            written = rng.choice("\u00a0\u3000\u2003")
        if plain == "\n" and "spaces" in kinds:
            written = rng.choice(("\r\n", "\u2028", "\r"))
        if "zero width" in kinds and rng.random() < 0.1:
            raw += rng.choice(ZERO_WIDTH)
        ranges.append((len(raw), len(raw) + len(written)))
        raw += written
        if "pinyin" in kinds and "\u4e00" <= plain <= "\u9fff" and rng.random() < 0.1:
            bracket = rng.choice(("()", "（）"))
            raw += bracket[0] + rng.choice(PINYIN) + bracket[1]
    return Damaged(raw, clean, ranges)


def check(case: Damaged, rng: random.Random) -> Counter[str]:
    """What holds of one document, counted; `violations` must stay 0."""
    page = normalise(case.raw)
    counts = Counter(documents=1, characters=len(case.raw), restored=page.text == case.clean)
    counts["violations"] += replay(case.raw, page.trace) != page.text
    for _ in range(SPANS):
        start = rng.randrange(len(page.text))
        end = rng.randrange(start, min(start + 20, len(page.text))) + 1
        counts["spans"] += 1
        counts["violations"] += not _lawful(page, start, end)
        if page.text == case.clean:
            expected = case.ranges[start][0], case.ranges[end - 1][1]
            counts["spans of restored texts"] += 1
            counts["exact raw range"] += page.raw_span(start, end) == expected
    return counts


def _lawful(page: NormalisedText, start: int, end: int) -> bool:
    """In range, in order, and the way back and forth meets itself."""
    low, high = page.raw_span(start, end)
    back = page.normalised_span(low, high)
    return 0 <= low < high <= len(page.raw) and back[0] <= start and end <= back[1] and page.raw_span(*back) == (low, high)


def measure(documents: int, seed: int = 0) -> dict[str, int]:
    """Counts over generated documents."""
    rng = random.Random(seed)
    lines = [line for path in CORPUS for d in read(path) for line in normalise(d.text).text.split("\n") if line.strip()]
    convert = OpenCC("s2t").convert
    pairs = [(line, old) for line in lines if len(old := convert(line)) == len(line) and normalise(old).text == line]
    total: Counter[str] = Counter()
    for _ in range(documents):
        chosen = rng.sample(pairs, rng.randint(1, 3))
        clean, old = ("\n".join(part) for part in zip(*chosen, strict=True))
        total += check(damage(clean, old, rng), rng)
    return {name: total[name] for name in ("documents", "characters", "restored", "spans", "violations")} | {
        name: total[name] for name in ("spans of restored texts", "exact raw range")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    show(measure(arguments.documents), arguments.out)


if __name__ == "__main__":
    main()
