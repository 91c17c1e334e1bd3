"""Scores of the dev documents during fine-tuning."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.examples import Example, encode
from yaowen.evaluation.spans import Key, SpanScores, score
from yaowen.formats import annotated
from yaowen.schema import ENTITY_LABELS, SPAN_LABELS, TRIGGER_TYPES, trigger_label
from yaowen.tagger.boundaries import trim
from yaowen.tagger.posterior import Chain, Scheme, likely, log_softmax
from yaowen.tagger.vocabulary import Vocabulary

TRIGGERS = tuple(trigger_label(t) for t in TRIGGER_TYPES)


@dataclass(frozen=True, slots=True)
class DevSet:
    """Documents to score on, encoded once."""

    name: str
    documents: tuple[annotated.AnnotatedDocument, ...]
    examples: tuple[Example, ...]

    @classmethod
    def of(cls, name: str, documents: Sequence[annotated.AnnotatedDocument], vocabulary: Vocabulary) -> "DevSet":
        return cls(name, tuple(documents), tuple(encode(vocabulary, d.text, (), {}) for d in documents))

    def pairs(self) -> Iterator[tuple[annotated.AnnotatedDocument, Example]]:
        return zip(self.documents, self.examples, strict=True)

    def write(self, predictions: Sequence[list[Key]], path: Path) -> None:
        """Each document with the spans that were missed and those that are wrong, for reading errors."""
        with path.open("w", encoding="utf-8", errors="backslashreplace") as out:
            for document, keys in zip(self.documents, predictions, strict=True):
                gold, found = {(m.start, m.end, m.label) for m in document.spans}, set(keys)
                record = {"id": document.id, "text": document.text} | {
                    name: [[s, e, label, document.text[s:e]] for s, e, label in sorted(group)]
                    for name, group in (("right", gold & found), ("missed", gold - found), ("wrong", found - gold))
                }
                out.write(json.dumps(record, ensure_ascii=False) + "\n")


def read_spans(text: str, example: Example, logits: np.ndarray, scheme: Scheme, chain: Chain) -> list[Key]:
    """The spans of a document as a tagger that is not calibrated reads them; `logits` (tokens, tags)."""
    spans = likely(log_softmax(logits[:, scheme.columns]), example.ends(), chain)
    starts, ends = example.offsets[spans.firsts].tolist(), (example.offsets[spans.lasts] + 1).tolist()
    keys = []
    for start, end, label in zip(starts, ends, spans.labels.tolist(), strict=True):
        if edges := trim(text, start, end):
            keys.append((*edges, scheme.labels[label]))
    return keys


def report(sets: Sequence[DevSet], predictions: Sequence[Sequence[list[Key]]]) -> dict[str, Any]:
    """Strict scores of each set and of both together: entities, triggers, all (micro), and each label."""
    totals = {
        file.name: sum(
            (
                score(((m.start, m.end, m.label) for m in document.spans), keys)
                for document, keys in zip(file.documents, found, strict=True)
            ),
            SpanScores(),
        )
        for file, found in zip(sets, predictions, strict=True)
    }
    totals["both"] = sum(totals.values(), SpanScores())
    return {
        name: {
            "entities": s.micro(ENTITY_LABELS).to_dict(), "triggers": s.micro(TRIGGERS).to_dict(),
            "all": s.micro(SPAN_LABELS).to_dict(), "labels": s.to_dict(),
        }
        for name, s in totals.items()
    }  # fmt: skip
