"""The benchmark of speed: what it reads, what it compares, what it counts. Not how fast anything is."""

import pytest

from eval import race, speed
from yaowen.extractor import DEFAULT_MODEL

TEXTS = ["3月20日,县委书记罗一凡到三亚调研。\n会议强调安全生产。", "甲" * 400, "县长王小明主持会议。"]


def test_documents_of_all_lengths_have_the_lines_of_the_corpus_in_their_order() -> None:
    texts = [f"第{n}行" * (n % 7 + 1) + "\n\n末" for n in range(2000)]
    documents = speed.skewed(texts)
    lines = [line for text in texts for line in text.split("\n") if line]
    assert "\n".join(documents).split("\n") == lines
    lengths = sorted(map(len, documents))
    assert lengths[-1] > 5 * lengths[len(lengths) // 2], "a few are far longer than most"
    assert speed.skewed(texts) == documents


@pytest.mark.parametrize(("name", "given"), [("tagger", ()), ("chain", ()), ("chain", (True,))])
def test_our_readers_find_the_same(name: str, given: tuple) -> None:
    spans = race.run(name, TEXTS, 1, DEFAULT_MODEL, "onnx", 1, *given)["spans"]
    assert [TEXTS[0][a:b] for a, b, label in spans[0] if label in ("DATE", "OFFICIAL")] == ["3月20日", "罗一凡"]
    assert speed._agreement(race.run("tagger", TEXTS, 1, DEFAULT_MODEL, "onnx", 1)["spans"], spans) == 1.0
    assert speed._agreement(spans, [[], *spans[1:]]) < 1.0


def test_ratios_are_of_the_best_batches() -> None:
    rows = {"pipeline": 10, "tagger": 80, "tagger, 8 bits": 120, "whole chain": 60, "whole chain, 8 bits": 90}
    rows |= {f"pipeline, batches of {b}": 20 + b for b in speed.BATCHES}
    rows |= {f"whole chain, processes of one thread: {n}": 40 * n for n in (1, 2)}
    found = speed.ratios({name: {"characters per second": rate} for name, rate in rows.items()})
    assert list(found.values()) == [8.0, round(80 / 84, 2), 1.5, 1.5, 2.0]


def test_padding_and_arithmetic_are_counted() -> None:
    even = race.encoder_work(DEFAULT_MODEL, ["甲" * 38] * 4, 1)  # 40 tokens each: a width that the tagger reads
    odd = race.encoder_work(DEFAULT_MODEL, ["甲" * 38, "甲" * 4], 1)
    assert even["padding share"] == 0
    assert odd["padding share"] == pytest.approx(1 - 46 / 80, abs=1e-3)
    assert 0 < odd["encoder's share of the tagger's time"] <= 1
    assert odd["encoder, gigaflops"] > 0
