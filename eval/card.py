"""Render model_card.md from recorded results; no figure in it is typed by hand.

    python -m eval.card [--model FOLDER] [--out model_card.md] [--check]

Reads eval/results/ (scores, test, speed, and the logs of pretraining and fine-tuning) and the model folder. `--check`
writes nothing and fails where the card is not what the results say.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eval.evaluate import HEADLINES
from eval.plots import pretraining
from yaowen.assemble.arguments import ArgumentModel
from yaowen.extractor import DEFAULT_MODEL
from yaowen.schema import SPAN_LABELS
from yaowen.tagger.folder import digest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
RESULTS, PLOTS = HERE / "results", HERE / "plots"
OPTIONAL = ("public", "ablations", "curve", "limits")  # records without which the card has a section less
REPORTED = ("authored test", "news test", "annotated dev")  # label by label
TITLES = ("entities", "triggers", "arguments, gold spans", "arguments, end to end")


def render(model: Path, results: Path = RESULTS, plots: Path = PLOTS) -> str:
    """The card as Markdown. Raises `ValueError` where a result is missing or belongs to other weights."""
    names = ("scores", "test", "speed", "offsets", "calibration")
    scores, test, speed, offsets, calibration = (_result(results / f"{name}.json") for name in names)
    evidence = _evidence(results, plots)
    weights = digest(model / "model.safetensors")
    of_weights = {"scores": scores, "test": test, "calibration": calibration, "limits": evidence["limits"]}
    if other := [f"{name}.json" for name, record in of_weights.items() if record and record["model"] != weights]:
        raise ValueError(
            f"{results}: {', '.join(other)} was made with different weights than {model}'s;"
            " run `python -m eval.calibrate` and `make figures`"
        )
    config = json.loads((model / "config.json").read_text("utf-8"))
    arguments = ArgumentModel.load(model)
    sets = scores["sets"] | {name: figures for name, figures in test["sets"].items() if name not in scores["sets"]}
    if missing := [name for name in REPORTED if name not in sets]:
        raise ValueError(f"{results}: no figures of {', '.join(missing)}; run `make figures` where ../shared is")
    loader = FileSystemLoader(HERE / "templates")
    environment = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.get_template("model_card.md.jinja").render(
        sets=sets,
        reported=REPORTED,
        headlines=dict(zip(HEADLINES, TITLES, strict=True)),
        labels=SPAN_LABELS,
        speed=speed,
        offsets=offsets,
        calibration=calibration,
        **evidence,
        config=config,
        manifest=json.loads((model / "manifest.json").read_text("utf-8")),
        parameters=_parameters(model / "model.safetensors"),
        argument_features=len(arguments.features),
        argument_hidden=arguments.vectors.shape[1],
        bytes=sum(path.stat().st_size for path in model.iterdir()),
        pretraining=[lines[-1] | {"run": name} for name, lines in pretraining(results / "pretrain.jsonl")],
        finetuning=_result(results / "finetune.json")["stages"],
    )


def _evidence(results: Path, plots: Path) -> dict[str, Any]:
    """Records that the card shows where they are there, the plots there are, and what was given to us."""
    optional = {n: _result(results / f"{n}.json") for n in OPTIONAL if (results / f"{n}.json").exists()}
    stages = _result(results / "finetune.json")["stages"]
    public = {name: None for stage in stages if stage["kind"] == "public" for name in stage["data"]}
    return {
        **{name: optional.get(name) for name in OPTIONAL},
        "plots": {path.stem for path in plots.glob("*.png")},
        "given": tomllib.loads((HERE / "given.toml").read_text("utf-8")),
        "datasets": ["yaowen-authored", "yaowen-news", *public],
    }


def _result(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: record it with `make figures`") from None


def _parameters(path: Path) -> int:
    """The number of weights in a safetensors file, by its header."""
    with path.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    total = 0
    for name, entry in header.items():
        if name != "__metadata__":
            size = 1
            for extent in entry["shape"]:
                size *= extent
            total += size
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--out", type=Path, default=Path("model_card.md"))
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = render(arguments.model)
    if not arguments.check:
        arguments.out.write_text(text, "utf-8")
    elif not arguments.out.exists() or arguments.out.read_text("utf-8") != text:
        sys.exit(f"{arguments.out} is not what the recorded results say; run `python -m eval.card`")


if __name__ == "__main__":
    main()
