"""Make the scores of a model's spans probabilities, on dev documents, and record how good they are.

    python -m eval.calibrate [--model FOLDER] [--set NAME=FILE ...] [--test NAME=FILE ...] [--out FILE]

Of every predicted span the chain tells how sure it is: the geometric mean of its tags' marginals, at some temperature. A
logistic curve for each label (yaowen.tagger.confidence), shrunk towards one for all, makes that the share of such spans
that is right. The temperature is the one with the least negative log-likelihood of right and wrong, where every document is
judged by curves fitted on other documents (ten folds); the ECE recorded is of those judgements too, so that no span is
judged by a curve it took part in. By those judgements, too, the least score of a span that is given is chosen: the smallest
whose F1 is about the best. The curves then fitted on all dev documents are written into the folder (`calibration.json`, and
the manifest anew). `--test` documents, which took part in nothing, are judged by them.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
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
from yaowen.tagger.tagger import Backend, Tagger

RESULT = Path(__file__).parent / "results" / "calibration.json"
# Below 1, what is too sure already would become surer, until 32 bits cannot tell it apart.
TEMPERATURES = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
STRENGTH = 1.0  # of the data against the prior that no label differs from the others (C of scikit-learn)
FOLDS = 10
LEAST_SCORES = tuple(round(0.05 * step, 2) for step in range(11))  # 0 to 0.5
LEAST_SLOPE = 0.05
ABOUT = 0.001  # of F1: what a smaller least score may cost, for it keeps more


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Predicted spans; every array has the shape (spans,)."""

    scores: NDArray[np.float64]
    labels: NDArray[np.intp]
    right: NDArray[np.bool_]
    documents: NDArray[np.intp]  # the number of the document each stands in

    def pairs(self, scores: NDArray[np.float64], chosen: NDArray[np.bool_] | None = None) -> list[tuple[float, bool]]:
        """The form that `yaowen.evaluation.calibration` takes."""
        both = zip(scores.tolist(), self.right.tolist(), strict=True)
        return [pair for pair, taken in zip(both, chosen, strict=True) if taken] if chosen is not None else list(both)


class Remembered:
    """A backend that computes every batch once: what is asked for at several temperatures has the same logits."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._known: dict[bytes, NDArray[np.float32]] = {}

    @property
    def batch_tokens(self) -> int:
        return self._backend.batch_tokens

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        key = ids.shape[0].to_bytes(4, "little") + ids.tobytes()
        if key not in self._known:
            self._known[key] = self._backend.logits(ids, mask)
        return self._known[key]


def answers(documents: Sequence[AnnotatedDocument], tagger: Tagger) -> Answers:
    """What the tagger reads in the documents; right is what has the very start, end and label of a gold span."""
    labels = {label: number for number, label in enumerate(tagger.folder.scheme.labels)}
    rows = []
    for number, (document, tagging) in enumerate(zip(documents, tagger.tag([d.text for d in documents]), strict=True)):
        gold = {(m.start, m.end, m.label) for m in document.spans}
        rows += [(s.score, labels[s.label], (s.start, s.end, s.label) in gold, number) for s in tagging.spans]
    if not rows:
        raise ValueError("calibration needs spans: the model reads none in the documents; give others with --set")
    scores, kinds, right, owners = zip(*rows, strict=True)
    return Answers(np.array(scores), np.array(kinds), np.array(right), np.array(owners))


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
    odds = np.array([log_odds(score) for score in given.scores.tolist()])[:, None]
    kinds = np.eye(count)[given.labels]
    return np.concatenate([odds, odds * kinds, kinds], 1)


def judged(given: Answers, confidence: Confidence) -> NDArray[np.float64]:
    """The scores that the curves give, (spans,)."""
    pairs = zip(given.scores.tolist(), given.labels.tolist(), strict=True)
    return np.array([confidence.score(score, label) for score, label in pairs])


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
    kept = {least: scores >= least for least in LEAST_SCORES}
    return {least: round(2 * float(given.right[k].sum()) / (gold + float(k.sum())), 4) for least, k in kept.items()}


def log_loss(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Nats a span."""
    kept = np.clip(scores, 1e-6, 1 - 1e-6)
    return float(-np.log(np.where(right, kept, 1 - kept)).mean())


def calibrate(folder: Path, sets: Mapping[str, Path], tests: Mapping[str, Path]) -> dict[str, Any]:
    """Choose, fit, write into the folder; returns what is recorded. Raises `ModelError` for what is no model folder."""
    plain = replace(ModelFolder.load(folder), confidence=None)
    names, backend = plain.scheme.labels, Remembered(OnnxBackend(plain, threads=1))

    def read_at(temperature: float, documents: Sequence[AnnotatedDocument]) -> Answers:
        return answers(documents, Tagger(replace(plain, temperature=temperature), backend))

    dev = {name: _documents(path) for name, path in sets.items()}
    owner = [name for name, documents in dev.items() for _ in documents]
    together = [d for documents in dev.values() for d in documents]
    tried = {}
    for temperature in TEMPERATURES:
        given = read_at(temperature, together)
        tried[temperature] = given, cross_judged(given, len(names))
    losses = {t: log_loss(scores, given.right) for t, (given, scores) in tried.items()}
    chosen = min(losses, key=lambda t: losses[t])
    given, crossed = tried[chosen]
    f1 = f1_by_least(given, crossed, sum(len(d.spans) for d in together))
    least = min(least for least, value in f1.items() if value >= max(f1.values()) - ABOUT)
    confidence = replace(fit(given, np.ones(len(crossed), bool), len(names)), least=least)
    write(folder, chosen, names, confidence)
    of_set = {name: np.array([owner[d] == name for d in given.documents.tolist()]) for name in sets}
    held = {name: read_at(chosen, _documents(path)) for name, path in tests.items()}
    return {
        "model": digest(folder / "model.safetensors"),
        "data": {name: digest(path) for name, path in (*sets.items(), *tests.items())},
        "temperature": chosen,
        "least": least,
        "f1 by least score, cross-validated": {str(least): value for least, value in f1.items()},
        "tried": [
            {
                "temperature": t, "log loss, cross-validated": round(losses[t], 4),
                "ece, cross-validated": _ece(a, scores), "ece of the temperature alone": _ece(a, a.scores),
            }
            for t, (a, scores) in tried.items()
        ],
        "before": calibration(tried[1.0][0].pairs(tried[1.0][0].scores)),
        "after": calibration(given.pairs(crossed)),
        "sets": {name: calibration(given.pairs(crossed, mine)) for name, mine in of_set.items()},
        "labels": {
            name: {
                "before": _brief(tried[1.0][0].pairs(tried[1.0][0].scores, given.labels == i)),
                "after": _brief(given.pairs(crossed, given.labels == i)),
            }
            for i, name in enumerate(names)
            if (given.labels == i).any()
        },
        "test": {name: calibration(a.pairs(judged(a, confidence))) for name, a in held.items()},
    }  # fmt: skip


def write(folder: Path, temperature: float, names: Iterable[str], confidence: Confidence) -> None:
    """The curves and the temperature into a model folder, and its manifest anew."""
    model = ModelFolder.load(folder)
    curves = zip(names, confidence.curves, strict=True)
    record = {
        "weights": digest(folder / "model.safetensors"),
        "temperature": temperature,
        "least": confidence.least,
        "labels": {name: {"slope": round(slope, 4), "offset": round(offset, 4)} for name, (slope, offset) in curves},
    }
    keep(record, folder / CALIBRATION)
    window = None if model.window == model.positions - 2 else model.window
    write_manifest(folder, model.version, temperature, window)


def _documents(path: Path) -> list[AnnotatedDocument]:
    return [canonical(document) for document in read(path)]


def _ece(given: Answers, scores: NDArray[np.float64]) -> float:
    return _brief(given.pairs(scores))["ece"]


def _brief(pairs: list[tuple[float, bool]]) -> dict[str, Any]:
    return {k: v for k, v in (calibration(pairs) or {}).items() if k != "curve"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=FILE", help="instead of the dev documents")
    parser.add_argument("--test", action="append", default=[], metavar="NAME=FILE", help="instead of the test documents")
    parser.add_argument("--out", type=Path, default=RESULT)
    arguments = parser.parse_args()
    sets, tests = (
        {name: Path(path) for name, _, path in (entry.partition("=") for entry in given)}
        for given in (arguments.set, arguments.test)
    )
    try:
        result = calibrate(arguments.model, sets or DEFAULT_SETS, tests or present(TEST_SETS))
    except (ValueError, OSError) as error:
        parser.error(str(error))
    keep(result, arguments.out)
    print(
        f"temperature {result['temperature']}, ECE {result['before']['ece']} at temperature 1, {result['after']['ece']} now"
    )
    for name, figures in result["test"].items():
        print(f"{name}: ECE {figures['ece']}")


if __name__ == "__main__":
    main()
