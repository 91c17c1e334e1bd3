"""Labelled spans of the normalised text: what the tagger gives and the assembler takes."""

from dataclasses import dataclass

from yaowen.schema import SPAN_LABELS


@dataclass(frozen=True, slots=True, order=True)
class TaggedSpan:
    """Half-open code-point offsets into the *normalised* text, a label of `schema.SPAN_LABELS`, a probability."""

    start: int
    end: int
    label: str
    score: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"span [{self.start}, {self.end}): start must be at least 0 and below end")
        if self.label not in SPAN_LABELS:
            raise ValueError(f"unknown label {self.label!r}; known: {', '.join(SPAN_LABELS)}")
