"""What runs offline beside us on persons, places, bodies and times, and how fast, on one thread in the same run.

    python -m eval.peers [--gold data/authored/test.jsonl] [--python NAME=PYTHON ...] [--out eval/results/peers.json]

A peer that is not installed is recorded as such; `--python` names the interpreter of an environment that has it. LAC needs
one of its own: Python 3.8 with paddlepaddle below 2.5, numpy below 1.24 and protobuf below 3.21.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from eval.record import keep, machine
from yaowen.evaluation.bootstrap import summary, weights
from yaowen.evaluation.measures import MEASURES
from yaowen.evaluation.reading import Reading, Span
from yaowen.extractor import DEFAULT_MODEL
from yaowen.formats.annotated import AnnotatedDocument, read
from yaowen.tagger.folder import digest

WORKER: Final = Path(__file__).with_name("peer.py")
GOLD: Final = {"OFFICIAL": "PER", "PERSON": "PER", "LOCATION": "LOC", "ORGANIZATION": "ORG", "DATE": "TIME"}
KINDS: Final = ("PER", "LOC", "ORG", "TIME")
# What each gives, and what of the comparison is unfair to it or to us; told with the figures.
PEERS: Final[Mapping[str, tuple[str, tuple[str, ...], str]]] = {
    "yaowen": ("yaowen, whole chain", KINDS, "trained on annotations of the gold's rules; also gives events and roster"),
    "yaowen_tagger": ("yaowen, tagger alone", KINDS, "the same weights without assembly and grounding"),
    "pipeline": ("Hugging Face pipeline, our weights", KINDS,
                 "here for its speed: the same weights in PyTorch, batches of 16 lines, no decoding of tag sequences"),
    "jieba": ("jieba.posseg", KINDS,
              "a word segmenter: its classes are of words (nr, ns, nt, t), numbers before 月 and 日 are apart, no spans"),
    "thulac": ("THULAC", KINDS, "a word segmenter (np, ns, ni, t), pure Python"),
    "lac": ("LAC", KINDS, "trained on other rules: bodies and places inside titles are marked too"),
    "jionlp": ("JioNLP extract_time", ("TIME",), "times only, by rules; also finds lengths of time, for gold quantities"),
}  # fmt: skip
UNFAIR: Final = (
    "The gold follows our guidelines, which no peer was made for. To lessen this, an answer inside a gold POSITION or"
    " MEASURE (县委 in 县委书记) is passed over for all, and the lenient score asks for overlap only."
)


def gold_of(document: AnnotatedDocument) -> Reading:
    """The gold in the four kinds."""
    spans = tuple(Span(m.start, m.end, GOLD[m.label]) for m in document.spans if m.label in GOLD)
    return Reading(document.id, None, document.text, spans, (), frozenset())


def answers_of(document: AnnotatedDocument, spans: Sequence[tuple[int, int, str]]) -> Reading:
    """A peer's answers, those inside a gold POSITION or MEASURE left out."""
    neutral = [(m.start, m.end) for m in document.spans if m.label in ("POSITION", "MEASURE")]
    kept = [s for s in spans if not any(low <= s[0] and s[1] <= high for low, high in neutral)]
    return Reading(document.id, None, document.text, tuple(Span(*s) for s in kept), (), frozenset())


def run(name: str, python: str, texts: Sequence[str], model: Path) -> dict[str, Any] | str:
    """What the worker gives, or the last line of why it gave nothing."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([*sys.path[:1], "model"])}
    done = subprocess.run(
        [python, str(WORKER), name, str(model)], input=json.dumps(texts), capture_output=True, text=True, env=environment,
    )  # fmt: skip
    if done.returncode:
        return (done.stderr.strip() or "no answer").rsplit("\n", 1)[-1]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def measure(path: Path, pythons: Mapping[str, str], model: Path) -> dict[str, Any]:
    """The record of all peers."""
    documents = read(path)
    texts = [document.text for document in documents]
    gold = [gold_of(document) for document in documents]
    characters, drawn = sum(map(len, texts)), weights(len(gold))
    peers: dict[str, Any] = {}
    for name, (title, kinds, unfair) in PEERS.items():
        answer = run(name, pythons.get(name, sys.executable), texts, model)
        if isinstance(answer, str):
            peers[title] = {"not run": answer}
            continue
        found = [answers_of(d, spans) for d, spans in zip(documents, answer["spans"], strict=True)]
        asked = [_only(g, kinds) for g in gold]
        peers[title] = {
            "characters per CPU second": round(characters / answer["cpu"]),
            "characters per second": round(characters / answer["seconds"]), "load seconds": round(answer["load"], 2),
            "peak memory MiB": round(answer["peak"]), "kinds": list(kinds), "unfair": unfair,
        } | {
            key: summary([MEASURES[measure].count(g, f) for g, f in zip(asked, found, strict=True)], drawn)
            for key, measure in (("strict", "spans"), ("lenient", "spans lenient"))
        }  # fmt: skip
    return {
        "gold": str(path), "model": digest(model / "model.safetensors"),
        "documents": len(documents), "characters": characters, "labels": dict(GOLD), "unfair": UNFAIR,
        "machine": machine() | {"threads": 1}, "peers": peers,
    }  # fmt: skip


def _only(gold: Reading, kinds: Sequence[str]) -> Reading:
    return Reading(gold.id, None, gold.text, tuple(s for s in gold.spans if s.label in kinds), (), frozenset())


def table(result: Mapping[str, Any]) -> str:
    """The figures as plain text, a line a peer."""
    rows = [f"{'strict F1 (lenient)':36}{'all':>15}" + "".join(f"{kind:>15}" for kind in KINDS) + f"{'per CPU second':>16}"]
    for title, part in result["peers"].items():
        if "not run" in part:
            rows.append(f"{title:36}   not run: {part['not run']}")
            continue
        cells = [_cell(part["strict"]["micro"], part["lenient"]["micro"])]
        for kind in KINDS:
            both = (part[key]["labels"].get(kind) for key in ("strict", "lenient"))
            cells.append(_cell(*both) if kind in part["kinds"] else "")
        rows.append(f"{title:36}" + "".join(f"{cell:>15}" for cell in cells) + f"{part['characters per CPU second']:>16,}")
    return "\n".join(rows)


def _cell(strict: Mapping[str, Any] | None, lenient: Mapping[str, Any] | None) -> str:
    return f"{strict['f1']:.3f} ({lenient['f1']:.3f})" if strict and lenient else "–"


def markdown(result: Mapping[str, Any]) -> str:
    """The record as Markdown, with what is unfair."""
    made_on = result["machine"]
    lines = ["# Beside other libraries", "",
             f"{result['documents']} documents of {result['gold']}, {result['characters']:,} characters, one thread of"
             f" {made_on['processor']}. Strict F1, in brackets lenient. {result['unfair']}", "",
             "| | all | interval | " + " | ".join(KINDS) + " | characters per CPU second | load, s | MiB | what is unfair |",
             "|---|---|---|" + "---|" * (len(KINDS) + 4)]  # fmt: skip
    for title, part in result["peers"].items():
        if "not run" in part:
            lines.append(f"| {title} | not run: {part['not run']} |")
            continue
        strict, lenient = part["strict"], part["lenient"]
        low, high = strict["micro"]["interval"]
        cells = [_cell(strict["micro"], lenient["micro"]), f"{low:.3f}–{high:.3f}"]
        for kind in KINDS:
            cells.append(_cell(strict["labels"].get(kind), lenient["labels"].get(kind)) if kind in part["kinds"] else "")
        cells += [
            f"{part['characters per CPU second']:,}",
            f"{part['load seconds']}",
            f"{part['peak memory MiB']}",
            part["unfair"],
        ]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, default=Path("data/authored/test.jsonl"))
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    pythons = dict(entry.split("=", 1) for entry in chosen.python)
    result = measure(chosen.gold, pythons, chosen.model)
    print(table(result))
    if chosen.out:
        keep(result, chosen.out)
        chosen.out.with_suffix(".md").write_text(markdown(json.loads(chosen.out.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()
