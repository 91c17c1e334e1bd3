"""Tables of fine-tuning variants on a very small budget, and the figures of the public sets gathered from runs."""

import json
import lzma
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from transformers import BertConfig, BertModel

from eval import public, stages
from training import ablate, config
from training.ablate import Ablation
from training.finetune import Settings
from yaowen.tagger.vocabulary import SPECIAL_TOKENS

ROOT = Path(__file__).parent.parent
CONFIGS = ROOT / "training" / "configs"
LINES = (ROOT / "data" / "authored" / "train.jsonl").read_text("utf-8").splitlines()[:4]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random encoder, four documents and a public set of ours."""
    folder = tmp_path_factory.mktemp("ablate")
    records = [json.loads(line) for line in LINES]
    characters = sorted({c for r in records for c in r["text"].lower() if not c.isspace()})
    (folder / "encoder").mkdir()
    (folder / "encoder" / "vocab.txt").write_text("\n".join([*SPECIAL_TOKENS, *characters]) + "\n", "utf-8")
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=len(characters) + 5, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
    )  # fmt: skip
    BertModel(shape, add_pooling_layer=False).save_pretrained(folder / "encoder")
    (folder / "four.jsonl").write_text("\n".join(LINES) + "\n", "utf-8")
    with lzma.open(folder / "small.jsonl.xz", "wt", encoding="utf-8") as out:
        for split in ("train", "test"):
            for r in records:
                out.write(json.dumps({"id": r["id"], "split": split, "text": r["text"], "spans": r["spans"]}) + "\n")
    return folder


@pytest.fixture
def small(folder: Path, tmp_path: Path) -> Ablation:
    shared = [
        f"encoder={folder / 'encoder'}", "precision=fp32", "threads=1", f"data.train={folder / 'four.jsonl'}",
        f"data.dev={folder / 'four.jsonl'}", f"public.folder={folder}", "public.sets=small", "public.schedule.epochs=1",
        "public.scored={small = 'test'}", "domain.schedule.epochs=1",
    ]  # fmt: skip
    variants = (
        ablate.Variant("base", "all"),
        ablate.Variant("half", "half", ("domain.share=0.5",)),
        ablate.Variant("no-public", "none", ("public.schedule.epochs=0",)),
        ablate.Variant("random", "random", ("encoder=random", "domain.schedule.adversarial=0.5")),
    )
    return Ablation(
        finetune=CONFIGS / "finetune.toml", output=tmp_path / "runs", record=tmp_path / "record.json", seeds=(1, 2),
        public_minutes=1, domain_minutes=1, keep_weights=False, overrides=tuple(shared), variants=variants,
    )  # fmt: skip


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The outputs of the fine-tuning runs that really happen."""
    happened: list[str] = []
    real = ablate.finetune

    def counted(settings: Settings) -> dict:
        happened.append(f"{settings.output.parent.name}/{settings.output.name}")
        return real(settings)

    monkeypatch.setattr(ablate, "finetune", counted)
    return happened


def test_a_table_is_made_once_and_goes_on_where_it_stopped(small: Ablation, runs: list[str], folder: Path) -> None:
    record = ablate.ablate(small)
    assert json.loads(small.record.read_text("utf-8")) == json.loads(json.dumps(record))
    assert list(record["variants"]) == ["base", "half", "no-public", "random"]
    assert [record["variants"][name]["documents"] for name in ("base", "half")] == [4, 2]
    assert sum(r.startswith("public/") for r in runs) == 4, "one public stage a seed and encoder"
    assert len(runs) == 4 + 8
    row = record["variants"]["half"]
    differences = [row["seeds"][s]["all"] - record["variants"]["base"]["seeds"][s]["all"] for s in ("1", "2")]
    assert row["difference"]["all"]["mean"] == pytest.approx(sum(differences) / 2, abs=1e-4)
    assert row["difference"]["all"]["error"] == pytest.approx(abs(differences[0] - differences[1]) / 2, abs=1e-4)
    assert not (small.output / "base" / "seed-1" / "model.safetensors").exists()

    runs.clear()
    (small.output / "half" / "seed-2" / "metrics.json").unlink()  # as if interrupted there
    assert ablate.ablate(small)["variants"].keys() == record["variants"].keys()
    assert runs == ["half/seed-2"]


def test_a_run_that_another_process_is_at_is_taken_from_it(
    small: Ablation, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = replace(small, seeds=(1,), variants=small.variants[:2])
    other = FileLock(small.output / "base" / "seed-1.lock")
    (small.output / "base").mkdir(parents=True)
    other.acquire()
    seen: list[str] = []

    def finish(seconds: float) -> None:  # what the other process does while this one sleeps
        seen.extend(runs)
        other.release()
        ablate.run(one, one.variants[0], 1)

    monkeypatch.setattr(ablate.time, "sleep", finish)
    record = ablate.ablate(one)
    assert seen == ["public/0-seed-1", "half/seed-1"]
    assert runs == [*seen, "base/seed-1"]
    assert record["variants"].keys() == {"base", "half"}
    assert record["variants"]["half"]["difference"]["all"]["mean"] is not None


def test_a_changed_setting_is_run_again_and_a_wrong_one_is_told_first(small: Ablation, runs: list[str]) -> None:
    one = replace(small, seeds=(1,), variants=small.variants[:1])
    ablate.ablate(one)
    runs.clear()
    ablate.ablate(replace(one, overrides=(*one.overrides, "domain.schedule.batch=700")))
    assert runs == ["base/seed-1"], "the public stage is the same"
    runs.clear()
    with pytest.raises(ValueError, match="unknown key 'shares'"):
        ablate.ablate(replace(one, variants=(*one.variants, ablate.Variant("wrong", "", ("domain.shares=1",)))))
    assert not runs
    with pytest.raises(ValueError, match="known are base"):
        ablate.ablate(one, ["basis"])


@pytest.mark.parametrize("name", ["ablate", "curve"])
def test_the_tables_that_come_with_the_project_have_settings_for_every_variant(name: str) -> None:
    ablation = config.load(Ablation, CONFIGS / f"{name}.toml")
    plain = ablation.settings(ablation.variants[0], 1)
    for variant in ablation.variants[1:]:
        settings = ablation.settings(variant, 1)
        assert settings.output != plain.output
        assert any(
            getattr(settings, k) != getattr(plain, k) for k in ("encoder", "data", "public", "domain", "augmentation")
        )


# --- Public sets


def run_of(folder: Path, seed: int, f1: float, start: str = "e") -> Path:
    scores = {
        "msra": {"split": "test", "texts": 9, "gold": 5, "f1": f1},
        "own": {"split": "dev", "texts": 1, "gold": 1, "f1": 1.0},
    }
    metrics = {"seed": seed, "public": {"start": start, "data": {"msra": "d"}, "minutes": 2.0, "steps": 7, "scores": scores}}
    folder.mkdir()
    (folder / "metrics.json").write_text(json.dumps(metrics), "utf-8")
    return folder


def test_public_figures_stand_beside_the_published_ones(tmp_path: Path) -> None:
    result = public.gather([run_of(tmp_path / "a", 1, 0.91), run_of(tmp_path / "b", 2, 0.93)])
    msra = result["sets"]["msra"]
    assert (msra["seeds"], msra["mean"], msra["deviation"]) == ({"1": 91.0, "2": 93.0}, 92.0, 1.41)
    assert {p["system"] for p in msra["published"]} >= {"BiLSTM-CRF", "Lattice-LSTM"}
    assert all(0 < p["low"] <= p.get("high", 100) and p["source"] for p in msra["published"])
    assert result["sets"]["own"]["published"] == []
    assert "92.00   (91.00, 93.00)" in public.summary(result)


def test_a_set_that_was_trained_apart_takes_its_place_in_a_record(tmp_path: Path) -> None:
    alone = public.gather([run_of(tmp_path / "a", 1, 0.9)])
    alone["sets"].pop("own")
    row = {"mean": 1.0, "split": "test", "seeds": {}}
    record = {"encoder": "x", "data": {"msra": "d", "own": "o"}, "steps": {"1": 99}, "sets": {"msra": row, "own": row}}
    made = public.put(alone, record)
    assert (made["encoder"], made["steps"], made["sets"]["own"]) == ("x", {"1": 99}, row)
    assert made["sets"]["msra"]["mean"] == 90.0
    assert made["sets"]["msra"]["apart"] == {"sets": ["msra"], "encoder": "e", "minutes": {"1": 2.0}, "steps": {"1": 7}}
    with pytest.raises(ValueError, match="msra: not in the record, or gathered on other data"):
        public.put(alone, record | {"data": {"msra": "another"}})


def test_runs_that_differ_in_more_than_the_seed_are_not_averaged(tmp_path: Path) -> None:
    first, other, same = (
        run_of(tmp_path / "a", 1, 0.9),
        run_of(tmp_path / "b", 2, 0.9, "other"),
        run_of(tmp_path / "c", 1, 0.9),
    )
    with pytest.raises(ValueError, match=r"differ in public\.start"):
        public.gather([first, other])
    with pytest.raises(ValueError, match="each may stand there once"):
        public.gather([first, same])
    (other / "metrics.json").write_text('{"seed": 1, "public": {}}')
    with pytest.raises(ValueError, match=r"python -m training\.public_scores"):
        public.gather([other])


# --- What the stages of a model took


def two_stages(folder: Path) -> Path:
    run = run_of(folder, 1, 0.9)
    metrics = json.loads((run / "metrics.json").read_text("utf-8")) | {"encoder": {"name": "e"}, "domain": {"steps": 7}}
    (run / "metrics.json").write_text(json.dumps(metrics), "utf-8")
    return run


def test_every_stage_of_every_run_is_told_in_order(tmp_path: Path) -> None:
    first = two_stages(tmp_path / "a")
    found = stages.gather({"teacher": first})["stages"]
    assert [(s["run"], s["kind"]) for s in found] == [("teacher", "public"), ("teacher", "domain")]
    assert found[1]["steps"] == 7
    with pytest.raises(ValueError, match=r"metrics\.json is missing"):
        stages.gather({"tagger": tmp_path / "none"})


def test_what_came_before_is_told_first(tmp_path: Path) -> None:
    first = two_stages(tmp_path / "a")
    record = tmp_path / "finetune.json"
    record.write_text(json.dumps(stages.gather({"first": first})), "utf-8")
    assert [s["run"] for s in stages.gather({"next": first}, record)["stages"]] == ["first"] * 2 + ["next"] * 2
    for wrong in ("[]", '{"stages": 5}', "no JSON", None):
        if wrong is None:
            record.unlink()
        else:
            record.write_text(wrong, "utf-8")
        with pytest.raises(ValueError, match=r"expected what `python -m eval\.stages` wrote"):
            stages.gather({"next": first}, record)
