"""Make the scores of a model's spans probabilities, on dev documents, and record how good they are.

    python -m eval.calibrate [--model FOLDER] [--set NAME=FILE ...] [--test NAME=FILE ...] [--out FILE]

Of every span that is at all likely the chain tells how likely it is. A logistic curve for each label
(yaowen.tagger.confidence), shrunk towards one for all, makes that the share of such spans that is right. Every document is
judged by curves fitted on other documents (ten folds). By those judgements the least score of a span that is given is
chosen: the smallest whose F1 is about the best; the ECE recorded is of the spans that are then given, so that none is judged
by a curve it took part in. The curves then fitted on all dev documents are written into the folder (`calibration.json`, and
the manifest anew). `--test` documents, which took part in nothing, are judged by them.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from eval.evaluate import DEFAULT_SETS, TEST_SETS, present
from eval.record import keep
from yaowen.evaluation.arguments import canonical
from yaowen.evaluation.calibration import calibration
from yaowen.extractor import DEFAULT_MODEL
from yaowen.formats.annotated import AnnotatedDocument, read
from yaowen.tagger.confidence import Confidence, log_odds
from yaowen.tagger.folder import CALIBRATION, ModelFolder, digest, write_manifest
from yaowen.tagger.onnx_backend import OnnxBackend
from yaowen.tagger.posterior import LIKELY, surest
from yaowen.tagger.tagger import Tagger

RESULT = Path(__file__).parent / "results" / "calibration.json"
STRENGTH = 1.0  # of the data against the prior that no label differs from the others (C of scikit-learn)
FOLDS = 10
LEAST_SCORES = tuple(round(0.05 * step, 2) for step in range(11))  # 0 to 0.5
LEAST_SLOPE = 0.05
ABOUT = 0.001  # of F1: what a smaller least score may cost, for it keeps more


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Spans that are at all likely, overlapping ones too; every array has the shape (spans,)."""

    scores: NDArray[np.float64]  # how likely
    labels: NDArray[np.intp]
    right: NDArray[np.bool_]
    documents: NDArray[np.intp]  # the number of the document each stands in
    starts: NDArray[np.intp]  # in all documents joined, as if they were one
    ends: NDArray[np.intp]

    def pairs(self, scores: NDArray[np.float64], chosen: NDArray[np.bool_] | None = None) -> list[tuple[float, bool]]:
        """The form that `yaowen.evaluation.calibration` takes."""
        both = zip(scores.tolist(), self.right.tolist(), strict=True)
        return [pair for pair, taken in zip(both, chosen, strict=True) if taken] if chosen is not None else list(both)


def answers(documents: Sequence[AnnotatedDocument], tagger: Tagger) -> Answers:
    """What the tagger reads in the documents; right is what has the very start, end and label of a gold span."""
    labels = {label: number for number, label in enumerate(tagger.folder.scheme.labels)}
    rows, begin = [], 0
    taggings = tagger.candidates([d.text for d in documents])
    for number, (document, tagging) in enumerate(zip(documents, taggings, strict=True)):
        gold = {(m.start, m.end, m.label) for m in document.spans}
        for s in tagging.spans:
            right = (s.start, s.end, s.label) in gold
            rows.append((s.score, labels[s.label], right, number, begin + s.start, begin + s.end))
        begin += len(document.text)
    if not rows:
        raise ValueError("calibration needs spans: the model reads none in some of the documents; give others")
    return Answers(*(np.array(column) for column in zip(*rows, strict=True)))


def fit(given: Answers, chosen: NDArray[np.bool_], count: int) -> Confidence:
    """Curves of `count` labels, from the chosen spans. Raises `ValueError` where all are right or all wrong."""
    if len(set(given.right[chosen].tolist())) < 2:
        raise ValueError("calibration needs right and wrong spans: the documents have one kind alone; give more with --set")
    design = _design(given, count)[chosen]
    model = LogisticRegression(C=STRENGTH, max_iter=5000).fit(design, given.right[chosen])
    (weights,), (offset,) = model.coef_, model.intercept_
    slopes = np.maximum(weights[0] + weights[1 : 1 + count], LEAST_SLOPE)
    return Confidence(tuple(zip(slopes.tolist(), (offset + weights[1 + count :]).tolist(), strict=True)))


def _design(given: Answers, count: int) -> NDArray[np.float64]:
    """Log-odds, log-odds by label, label: (spans, 1 + 2 labels)."""
    odds = log_odds(given.scores)[:, None]
    kinds = np.eye(count)[given.labels]
    return np.concatenate([odds, odds * kinds, kinds], 1)


def judged(given: Answers, confidence: Confidence) -> NDArray[np.float64]:
    """The scores that the curves give, (spans,)."""
    return confidence.scores(given.scores, given.labels)


def cross_judged(given: Answers, count: int) -> NDArray[np.float64]:
    """The scores of curves that were fitted on other documents, (spans,)."""
    result = np.empty(len(given.scores))
    folds = min(FOLDS, len(set(given.documents.tolist())))
    for _, held in GroupKFold(folds, shuffle=True, random_state=0).split(given.scores, groups=given.documents):
        out = np.zeros(len(result), bool)
        out[held] = True
        result[out] = judged(given, fit(given, ~out, count))[out]
    return result


def f1_by_least(given: Answers, scores: NDArray[np.float64], gold: int) -> dict[float, float]:
    """Strict F1 over all labels where spans below a score are not given, for each of `LEAST_SCORES`."""
    return {least: _strict(given, shown(given, scores, least), gold) for least in LEAST_SCORES}


def _strict(found: Answers, given: NDArray[np.bool_], gold: int) -> float:
    return round(2 * float(found.right[given].sum()) / (gold + float(given.sum())), 4)


def shown(given: Answers, scores: NDArray[np.float64], least: float) -> NDArray[np.bool_]:
    """Which spans are given, bool (spans,): the surest where some overlap, none below `least`."""
    taken = np.zeros(len(scores), bool)
    taken[surest(given.starts, given.ends - 1, scores)] = True
    return taken & (scores >= least)


def calibrate(folder: Path, sets: Mapping[str, Path], tests: Mapping[str, Path]) -> dict[str, Any]:
    """Choose, fit, write into the folder; returns what is recorded. Raises `ModelError` for what is no model folder."""
    model = ModelFolder.load(folder)
    tagger, names = Tagger(model, OnnxBackend(model, threads=1)), model.scheme.labels
    dev = {name: _documents(path) for name, path in sets.items()}
    owner = np.array([name for name, documents in dev.items() for _ in documents])
    together = [d for documents in dev.values() for d in documents]
    found = answers(together, tagger)
    crossed = cross_judged(found, len(names))
    f1 = f1_by_least(found, crossed, sum(len(d.spans) for d in together))
    least = min(least for least, value in f1.items() if value >= max(f1.values()) - ABOUT)
    confidence = replace(fit(found, np.ones(len(crossed), bool), len(names)), least=least)
    likely, given = found.scores > LIKELY, shown(found, crossed, least)
    held = {name: answers(_documents(path), tagger) for name, path in tests.items()}
    write(model, confidence)
    judgements = {name: judged(a, confidence) for name, a in held.items()}
    return {
        "model": digest(folder / "model.safetensors"),
        "data": {name: digest(path) for name, path in (*sets.items(), *tests.items())},
        "least": least,
        "f1 by least score, cross-validated": {str(least): value for least, value in f1.items()},
        "likely": _strict(found, likely, sum(len(d.spans) for d in together)),
        "before": calibration(found.pairs(found.scores, likely)),
        "after": calibration(found.pairs(crossed, given)),
        "sets": {name: calibration(found.pairs(crossed, given & (owner[found.documents] == name))) for name in sets},
        "labels": {
            name: {
                "before": _brief(found.pairs(found.scores, likely & (found.labels == i))),
                "after": _brief(found.pairs(crossed, given & (found.labels == i))),
            }
            for i, name in enumerate(names)
            if (given & (found.labels == i)).any() and (likely & (found.labels == i)).any()
        },
        "test": {
            name: calibration(a.pairs(judgements[name], shown(a, judgements[name], least))) for name, a in held.items()
        },
    }


def write(model: ModelFolder, confidence: Confidence) -> None:
    """The curves into a model folder, and its manifest anew."""
    curves = zip(model.scheme.labels, confidence.curves, strict=True)
    record = {
        "weights": digest(model.path / "model.safetensors"),
        "least": confidence.least,
        "labels": {name: {"slope": round(slope, 4), "offset": round(offset, 4)} for name, (slope, offset) in curves},
    }
    keep(record, model.path / CALIBRATION)
    write_manifest(model.path, model.version, None if model.window == model.positions - 2 else model.window)


def _documents(path: Path) -> list[AnnotatedDocument]:
    return [canonical(document) for document in read(path)]


def _brief(pairs: list[tuple[float, bool]]) -> dict[str, Any]:
    return {k: v for k, v in (calibration(pairs) or {}).items() if k != "curve"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=FILE", help="instead of the dev documents")
    parser.add_argument("--test", action="append", default=[], metavar="NAME=FILE", help="instead of the test documents")
    parser.add_argument("--out", type=Path, help="the record; default: the project's, for the model that ships")
    arguments = parser.parse_args()
    sets, tests = (
        {name: Path(path) for name, _, path in (entry.partition("=") for entry in given)}
        for given in (arguments.set, arguments.test)
    )
    try:
        result = calibrate(arguments.model, sets or DEFAULT_SETS, tests or present(TEST_SETS))
    except (ValueError, OSError) as error:
        parser.error(str(error))
    if out := arguments.out or (RESULT if arguments.model == DEFAULT_MODEL else None):
        keep(result, out)
    print(f"spans scored below {result['least']} are not given; ECE {result['after']['ece']} of those that are")
    for name, figures in result["test"].items():
        print(f"{name}: ECE {figures['ece']}" if figures else f"{name}: no span is given")


if __name__ == "__main__":
    main()
