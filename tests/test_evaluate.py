"""`yaowen evaluate`: what it reads and refuses, what it writes, and that its page works."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from eval import samples
from eval.reports import on_raw
from tests.fake_extractor import PAGE, page_document
from tests.planted import DOCUMENTS, GOLD, WordFinder, planted, read_spans, reading
from yaowen.cli.main import main
from yaowen.evaluation import files, render
from yaowen.evaluation.forms import FORMS
from yaowen.evaluation.report import build
from yaowen.formats import annotated
from yaowen.text.normalise import normalise

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def planted_report() -> dict:
    return build(GOLD, [planted(g) for g in GOLD])


# --- The command


@pytest.fixture
def gold_file(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    annotated.write(DOCUMENTS, path)
    return path


def call(*arguments: object, load: object = None) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["evaluate", *map(str, arguments)], obj=load)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_the_command_writes_three_files_of_one_report(gold_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    status, said = call(gold_file, "--out", tmp_path / "new" / "r", "--samples", 100, load=lambda **_: WordFinder())
    assert status == 0, said
    report = json.loads((tmp_path / "new" / "r" / "report.json").read_text("utf-8"))
    f1 = f"{report['measures']['spans']['micro']['f1']:.3f}"
    for name in ("report.md", "report.html"):
        assert f1 in (tmp_path / "new" / "r" / name).read_text("utf-8")
    assert f1 in said
    assert set(report["robustness"]) == {"as it is", *FORMS}
    assert report["coverage"]["characters"] == report["characters"] == sum(len(d.text) for d in DOCUMENTS)
    assert report["comparison"] is None


def test_predictions_come_as_records_or_in_any_format(gold_file: Path, tmp_path: Path) -> None:
    records = [json.dumps(d.to_dict(), ensure_ascii=False) for d in WordFinder().extract_many([
        replace(page_input(), text=g.text, id=g.id) for g in GOLD
    ])]  # fmt: skip
    pred = tmp_path / "pred.jsonl"
    pred.write_text("\n".join(records[::-1]) + "\n", "utf-8")
    assert [r.id for r in files.read_predictions(pred, GOLD)] == [g.id for g in GOLD]
    (tmp_path / "pred.json").write_text("[" + ",".join(records) + "]", "utf-8")
    assert files.read_predictions(tmp_path / "pred.json", GOLD) == files.read_predictions(pred, GOLD)
    from yaowen.formats import doccano

    doccano.write(DOCUMENTS, tmp_path / "same.jsonl")
    same = files.read_predictions(tmp_path / "same.jsonl", GOLD)
    assert all(part["micro"]["f1"] == 1.0 for part in build(GOLD, same)["measures"].values())


def page_input():
    from yaowen.extractor import Input

    return Input("")


def test_two_predictions_are_compared(gold_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    worse = [replace(d, spans=d.spans[:-3]) for d in DOCUMENTS]
    annotated.write(worse, tmp_path / "worse.jsonl")
    status, said = call(gold_file, "--pred", gold_file, "--against", tmp_path / "worse.jsonl", "--out", tmp_path / "r")
    assert status == 0, said
    assert re.search(r"Spans, strict +\+0\.\d+ F1   p 0\.\d+", said)
    page = (tmp_path / "r" / "report.html").read_text("utf-8")
    assert "Documents where they part" in page


BAD = {"start": 0, "end": 2, "label": "DATE"}


@pytest.mark.parametrize(
    ("spans", "complaint"),
    [
        ([BAD, {"start": 1, "end": 3, "label": "DATE"}], r"line 2, document 'b': .*overlap: spans are flat"),
        ([{"start": 3, "end": 99, "label": "DATE"}], r"line 2, document 'b': .*not inside the text, which has 5"),
        ([{"start": 0, "end": 2, "label": "WHEN"}], r"line 2, document 'b': .*unknown label: known are OFFICIAL"),
        ([{"start": 0, "label": "DATE"}], r"line 2: not of the form .*expected id, text"),
    ],
)
def test_bad_gold_is_refused_with_document_line_and_remedy(tmp_path: Path, spans: list, complaint: str) -> None:
    good = {"id": "a", "text": "昨天来了人", "spans": [BAD], "events": []}
    path = tmp_path / "gold.jsonl"
    lines = [good, {**good, "id": "b", "spans": spans}]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    status, said = call(path, "--pred", path, "--out", tmp_path / "r")
    assert status == 1
    assert re.search(complaint, said), said
    assert "Traceback" not in said
    assert not (tmp_path / "r").exists()


def test_ids_that_stand_twice_and_empty_gold_are_refused(tmp_path: Path) -> None:
    line = json.dumps({"id": "a", "text": "昨天", "spans": [BAD], "events": []}, ensure_ascii=False) + "\n"
    (tmp_path / "two.jsonl").write_text(line * 2, "utf-8")
    with pytest.raises(files.BadData, match=r"line 2, document 'a': the id stands at .*line 1 too"):
        files.read_gold(tmp_path / "two.jsonl")
    (tmp_path / "none.jsonl").write_text("", "utf-8")
    with pytest.raises(ValueError, match=r"none\.jsonl"):
        files.read_gold(tmp_path / "none.jsonl")


def test_predictions_of_another_text_are_refused(gold_file: Path, tmp_path: Path) -> None:
    first = DOCUMENTS[0]
    changed = replace(first, text=first.text[:5] + "〇" + first.text[6:])
    annotated.write([changed, *DOCUMENTS[1:]], tmp_path / "pred.jsonl")
    with pytest.raises(files.BadData, match=r"line 1: the text of .* differs from character 5 on .*as it stands"):
        files.read_predictions(tmp_path / "pred.jsonl", GOLD)
    annotated.write(DOCUMENTS[1:], tmp_path / "fewer.jsonl")
    with pytest.raises(files.BadData, match=r"no prediction for 1 of 6 documents, the first is"):
        files.read_predictions(tmp_path / "fewer.jsonl", GOLD)
    record = page_document().to_dict()
    (tmp_path / "records.jsonl").write_text(json.dumps(record, ensure_ascii=False), "utf-8")
    with pytest.raises(files.BadData, match=r"predictions were made of \d+ characters, the gold has \d+"):
        files.read_predictions(tmp_path / "records.jsonl", [reading(PAGE + "。", name=record["id"])])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"id": None}, r"KeyError: 'id'\); expected a document record of yaowen/1"),
        ({"source": None}, r"KeyError: 'source'\)"),
        ({"source": "text"}, r"not of the form \(TypeError: .*\); expected a document record"),
        ({"people": None}, r"KeyError: 'people'\)"),
        ({"spans": [{"start": 0}]}, r"KeyError: 'end'\)"),
    ],
)
def test_malformed_predictions_are_told_with_their_line(tmp_path: Path, change: dict, complaint: str) -> None:
    record = page_document().to_dict()
    gold = [reading(PAGE, name=record["id"])]
    bad = {key: value for key, value in (record | change).items() if value is not None}
    path = tmp_path / "pred.jsonl"
    for lines, place in (([bad], "line 1"), ([record | {"id": "other"}, bad], "line 2")):
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        with pytest.raises(files.BadData, match=rf"pred\.jsonl, {place}: .*{complaint}"):
            files.read_predictions(path, gold)
    path.write_text(json.dumps(record) + "\n" + json.dumps(record)[:-9], "utf-8")
    with pytest.raises(files.BadData, match=r"pred\.jsonl, line 2: not JSON"):
        files.read_predictions(path, gold)


def test_gold_whose_ids_are_numbers_is_scored(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    lines = [annotated.to_record(d) for d in DOCUMENTS]
    gold = tmp_path / "gold.jsonl"
    gold.write_text("".join(json.dumps(line | {"id": n}) + "\n" for n, line in enumerate(lines)), "utf-8")
    status, said = call(gold, "--out", tmp_path / "r", "--samples", 100, load=lambda **_: WordFinder())
    assert status == 0, said
    readings = files.read_gold(gold)
    found = WordFinder().extract_many(replace(page_input(), text=r.text, id=r.id) for r in readings)
    records = [document.to_dict() for document in found]
    for kind in (str, int):
        pred = [record | {"id": kind(record["id"])} for record in records]
        (tmp_path / "pred.json").write_text(json.dumps(pred), "utf-8")
        assert [r.id for r in files.read_predictions(tmp_path / "pred.json", readings)] == [r.id for r in readings]


def test_a_lone_surrogate_stands_in_the_report_as_its_escape(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    gold = [replace(d, id=f"\ud800{d.id}", text=d.text + "\ud800") for d in DOCUMENTS]
    annotated.write(gold, tmp_path / "gold.jsonl")
    annotated.write([replace(d, spans=d.spans[:-3]) for d in gold], tmp_path / "pred.jsonl")
    status, said = call(tmp_path / "gold.jsonl", "--pred", tmp_path / "pred.jsonl", "--out", tmp_path / "r")
    assert status == 0, said
    for name in ("report.json", "report.html"):
        assert f"\\ud800{DOCUMENTS[0].id}" in (tmp_path / "r" / name).read_text("utf-8")


def test_gold_of_other_formats_is_scored(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text(
        "".join(f"{c} {t}\n" for c, t in zip("罗一凡来了", ["B-NAME", "I-NAME", "I-NAME", "O", "O"], strict=True))
    )
    assert files.read_gold(tmp_path / "a.conll", labels="resume")[0].spans == read_spans((0, 3, "PERSON"))
    with pytest.raises(files.BadData, match="unknown label"):
        files.read_gold(tmp_path / "a.conll")
    (tmp_path / "brat").mkdir()
    (tmp_path / "brat" / "x.txt").write_text("罗一凡来了", "utf-8")
    (tmp_path / "brat" / "x.ann").write_text("T1\tPERSON 0 3\t罗一凡\n", "utf-8")
    notes: list[str] = []
    assert [(g.id, g.spans) for g in files.read_gold(tmp_path / "brat", notes=notes)] == [
        ("x", read_spans((0, 3, "PERSON")))
    ]


def test_gold_without_events_has_no_event_scores() -> None:
    report = build([reading("昨天来了", read_spans((0, 2, "DATE")))], [reading("昨天来了")])
    assert set(report["measures"]) == {"spans", "spans lenient", "spans boundaries"}
    assert report["measures"]["spans"]["micro"]["f1"] == 0.0


# --- The page


@pytest.fixture(scope="module")
def page_html(planted_report: dict) -> str:
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    about = [{"name": "gold", "value": "<script>alert(1)</script>"}]
    extra = {"robustness": None, "coverage": None, "comparison": None, "notes": ["a note"], "about": about}
    return render.page(json.loads(json.dumps(extra | planted_report)))


def test_the_page_loads_nothing_and_lets_no_mark_up_in(page_html: str) -> None:
    assert "<script>alert" not in page_html
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", re.sub(r'xmlns[:\w]*="[^"]*"', "", page_html))
    ids = re.findall(r' id="([^"]+)"', page_html)
    assert len(ids) == len(set(ids)), "ids of plots must not clash"


def test_markdown_is_rendered_of_the_same_figures(planted_report: dict) -> None:
    pytest.importorskip("jinja2")
    extra = {"robustness": None, "coverage": None, "comparison": None, "notes": [], "about": []}
    text = render.markdown(extra | planted_report)
    assert f"**{planted_report['measures']['spans']['micro']['f1']:.3f}**" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


PROBE = """
const steps = [];
const cards = () => [...document.querySelectorAll("#list > li")];
const set = (name, value) => { form.elements[name].value = value; form.dispatchEvent(new Event("input", { bubbles: true })); };
steps.push(document.getElementById("count").textContent);
set("kind", "missed");
steps.push(document.getElementById("count").textContent, new Set(cards().map((c) => c.querySelector(".kind").textContent)).size);
set("kind", "");
set("what", "span"); set("label", "LOCATION");
steps.push(document.getElementById("count").textContent, cards()[0].querySelector(".gold mark").textContent);
steps.push(document.querySelectorAll("figure svg").length, document.documentElement.scrollWidth <= innerWidth);
form.reset(); set("order", "score");
steps.push(cards().length);
document.getElementById("more").click();
steps.push(cards().length);
const link = document.createElement("pre");
link.id = "probe"; link.textContent = JSON.stringify(steps);
document.body.append(link);
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [1200, 500])
def test_the_error_browser_works_in_a_browser(page_html: str, planted_report: dict, tmp_path: Path, width: int) -> None:
    # The probe runs as part of the page's own script, so that the page's policy is the one under test.
    script = re.findall(r"<script>(.*?)</script>", page_html, re.DOTALL)[-1]
    digest = hashlib.sha256((script + PROBE).encode()).digest()
    own = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = page_html.replace(own, base64.b64encode(digest).decode()).replace(script, script + PROBE)
    path = tmp_path / "report.html"
    path.write_text(page, "utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900", "--dump-dom",
               "--enable-logging=stderr", f"--user-data-dir={tmp_path}/profile", f"file://{path}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "CONSOLE" not in done.stderr, done.stderr
    found = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    everything, missed, kinds, located, word, plots, fits, first, second = json.loads(found[1].replace("&amp;", "&"))
    errors = planted_report["errors"]
    assert everything == f"{len(errors)} of {len(errors)}"
    assert missed == f"{sum(e['kind'] == 'missed' for e in errors)} of {len(errors)}"
    assert kinds == 1
    places = [e for e in errors if e["label"] == "LOCATION" and e["what"] == "span"]
    assert located.startswith(f"{len(places)} of")
    assert word in [e["gold"]["text"] for e in places if e["gold"]]
    assert plots == 4
    assert fits, "the page is wider than the screen"
    assert first == min(40, len(errors))
    assert second == min(80, len(errors))


@pytest.mark.skipif(not (samples.SHARED / "samples").is_dir(), reason="the sample pages are not here")
def test_the_gold_of_the_samples_is_carried_to_the_raw_pages() -> None:
    for sample in samples.read():
        carried = on_raw(sample)
        assert len(carried.spans) == len(sample.gold.spans)
        for mark, own in zip(carried.spans, sample.gold.spans, strict=True):
            words = (sample.raw[mark.start : mark.end], sample.gold.text[own.start : own.end])
            assert len({"".join(normalise(w).text.split()) for w in words}) == 1, words
        starts = {m.start for m in carried.spans}
        assert all(m.holder in starts for m in carried.spans if m.holder is not None)


def test_errors_are_counted_for_each_document() -> None:
    many = [replace(g, id=f"{g.id}-{n}") for n in range(60) for g in GOLD]
    report = build(many, [planted(g) for g in many], samples=100)
    assert len(report["each"]) == len(many)
    assert sum(d["errors"] for d in report["each"]) == len(report["errors"])
