"""The behavioural suite (CheckList, Ribeiro et al. 2020): what a model can do, what must not change it, what must.

    python -m eval.behave [--model FOLDER] [--out eval/results/behaviour.json]

Capabilities are data: eval/behaviour/*.toml. MFT (minimum functionality): marked words must be found as they are marked.
INV (invariance): a change must leave what is found as it was. DIR (direction): a change must change it in the known way.
A failure rate says how often a capability fails on sentences that are easy for people; it is no F1.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

import yaowen
from eval.behaviours import Case, Words, changed, read_capabilities, realise
from eval.record import keep
from yaowen.document import Document
from yaowen.extractor import DEFAULT_MODEL
from yaowen.tagger.folder import digest

FOLDER: Final = Path(__file__).parent / "behaviour"
DRAWS: Final = 12  # sentences made of a template, or changes of one
EXAMPLES: Final = 3  # failures told of in the record


class Reader:
    """An extractor that reads each text once."""

    def __init__(self, extractor: yaowen.Extractor) -> None:
        self._extractor = extractor
        self._read: dict[str, Document] = {}

    def __call__(self, texts: Iterable[str]) -> list[Document]:
        texts = list(texts)
        new = [text for text in dict.fromkeys(texts) if text not in self._read]
        self._read |= zip(new, self._extractor.extract_many(new), strict=True)
        return [self._read[text] for text in texts]


def wrong(case: Case, document: Document) -> list[str]:
    """What a document does not say as it is marked, in words."""
    found = {(s.start, s.end): s.label for s in document.spans}
    events = {(e.trigger.start, e.trigger.end): e for e in document.events}
    triggers = [mark for mark in case.marks if mark.is_trigger]
    told = []
    for mark in case.marks:
        words, place = case.text[mark.start : mark.end], (mark.start, mark.end)
        if mark.untouched:
            over = [s for s in document.spans if s.start < mark.end and mark.start < s.end]
            told += [f"{words}: {s.label} {s.text}, expected nothing" for s in over]
        elif found.get(place) not in mark.labels:
            near = [f"{s.label} {s.text}" for s in document.spans if s.start < mark.end and mark.start < s.end]
            told.append(f"{words}: {'; '.join(near) or 'nothing'}, expected {' or '.join(mark.labels)}")
        for role, number in mark.roles:
            trigger = triggers[number - 1]
            event = events.get((trigger.start, trigger.end))
            roles = [a.role for a in event.arguments if (a.span.start, a.span.end) == place] if event else []
            if role not in roles:
                told.append(f"{words}: {', '.join(roles) or 'no role'}, expected {role}")
    return told


def run(capability: Mapping[str, Any], words: Words, read: Reader) -> dict[str, Any]:
    """The record of one capability: cases, failures, the rate, some of what went wrong."""
    dice = random.Random(capability["name"])
    check = {"MFT": _functionality, "INV": _invariance, "DIR": _direction}[capability["kind"]]
    cases = list(check(capability, words, dice, read))
    judged = [case for case in cases if case is not None]
    failures = [case for case in judged if case[1]]
    return {
        "name": capability["name"], "kind": capability["kind"], "cases": len(judged), "failures": len(failures),
        "failure rate": round(len(failures) / len(judged), 4) if judged else None,
        "not applicable": len(cases) - len(judged),
        "examples": [{"text": text, "wrong": told} for text, told in failures[:EXAMPLES]],
    }  # fmt: skip


Judged = tuple[str, list[str]] | None  # a text and what is wrong with it; None where it could not be judged


def _functionality(capability: Mapping[str, Any], words: Words, dice: random.Random, read: Reader) -> Iterator[Judged]:
    cases = [realise(template, words.draw(dice)) for template in capability["cases"] for _ in range(DRAWS)]
    for case, document in zip(cases, read(c.text for c in cases), strict=True):
        yield case.text, wrong(case, document)


def _invariance(capability: Mapping[str, Any], words: Words, dice: random.Random, read: Reader) -> Iterator[Judged]:
    for template in capability["cases"]:
        for _ in range(DRAWS if "swap" not in capability else 3):
            given = words.draw(dice)
            base = realise(template, given)
            texts = changed(capability, base, given, words, dice, template)
            first, *others = read([base.text, *(text for text, _ in texts)])
            swap = capability.get("swap", "")
            expected = _answers(first, lambda start, end, base=base, swap=swap: base.coordinates(start, end, swap))
            for (text, place), document in zip(texts, others, strict=True):
                answers = _answers(document, place)
                yield (
                    text,
                    [*(f"lost {_said(a)}" for a in expected - answers), *(f"new {_said(a)}" for a in answers - expected)],
                )


def _direction(capability: Mapping[str, Any], words: Words, dice: random.Random, read: Reader) -> Iterator[Judged]:
    for template in capability["then"]:
        for _ in range(DRAWS):
            given = words.draw(dice)
            before, after = realise(capability["first"], given), realise(template, given)
            first, then = read([before.text, after.text])
            yield None if wrong(before, first) else (after.text, wrong(after, then))


def _answers(document: Document, place: Any) -> frozenset[tuple[Any, ...]]:
    """The spans and arguments of a document by their coordinates; `place` gives None for what is outside the sentence."""
    answers: set[tuple[Any, ...]] = set()
    for span in document.spans:
        if at := place(span.start, span.end):
            answers.add((span.label, at))
    for event in document.events:
        for a in event.arguments:
            ends = place(event.trigger.start, event.trigger.end), place(a.span.start, a.span.end)
            if all(ends):
                answers.add((f"{event.type}.{a.role}", *ends))
    return frozenset(answers)


def _said(answer: tuple[Any, ...]) -> str:
    return " ".join(str(part) for part in answer)


def measure(model: Path, folder: Path = FOLDER) -> dict[str, Any]:
    """The record of the whole suite."""
    words, read = Words.read(folder / "words.toml"), Reader(yaowen.load(model))
    records = [run(capability, words, read) for capability in read_capabilities(folder)]
    totals = {
        kind: {
            "capabilities": len(own), "cases": sum(r["cases"] for r in own), "failures": sum(r["failures"] for r in own),
            "mean failure rate": round(sum(r["failure rate"] or 0.0 for r in own) / len(own), 4),
        }
        for kind in ("MFT", "INV", "DIR")
        if (own := [r for r in records if r["kind"] == kind])
    }  # fmt: skip
    return {"model": digest(model / "model.safetensors"), "totals": totals, "capabilities": records}


def table(result: Mapping[str, Any]) -> str:
    """The failure rates as plain text, the worst first."""
    rows = []
    for kind, total in result["totals"].items():
        rows.append(f"{kind}: {total['failures']} of {total['cases']} cases fail, {total['capabilities']} capabilities")
        own: Sequence[Mapping[str, Any]] = [r for r in result["capabilities"] if r["kind"] == kind]
        for r in sorted(own, key=lambda r: -(r["failure rate"] or 0)):
            rate = "    –" if r["failure rate"] is None else f"{r['failure rate']:5.0%}"
            left = f", {r['not applicable']} not applicable" if r["not applicable"] else ""
            rows.append(f"  {rate}  {r['name']} ({r['cases']}{left})")
    return "\n".join(rows)


def markdown(result: Mapping[str, Any]) -> str:
    """The record as Markdown: every capability with its failure rate, and one sentence that it fails on."""
    about = (
        f"Made by `make behave` from eval/behaviour/*.toml; weights `{result['model'][:16]}…`. MFT: what must be found;"
        " INV: a change that must change nothing; DIR: a change that must change what is found."
    )
    lines = ["# What the model can do, and what it cannot", "", about, ""]
    lines += ["| | capability | cases | failure rate | fails on |", "|---|---|---|---|---|"]
    for r in sorted(result["capabilities"], key=lambda r: -(r["failure rate"] or 0)):
        example = r["examples"][0]["text"].replace("\n", " ").replace("|", "\\|") if r["examples"] else ""
        rate = "–" if r["failure rate"] is None else f"{r['failure rate']:.0%}"
        lines.append(f"| {r['kind']} | {r['name']} | {r['cases']} | {rate} | {escape(example)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    try:
        result = measure(chosen.model)
    except ValueError as error:
        sys.exit(str(error))
    print(table(result))
    if chosen.out:
        keep(result, chosen.out)
        kept = json.loads(chosen.out.read_text("utf-8"))
        chosen.out.with_suffix(".md").write_text(markdown(kept), "utf-8")


if __name__ == "__main__":
    main()
