"""The roster, the layout, the features and the argument model, on texts made for the purpose."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.counted import Counted
from tests.marked import marked
from tests.tiny_model import AUTHORED
from yaowen.assemble import mentions
from yaowen.assemble.arguments import EPSILON, FORMAT, ROLE_NAMES, ArgumentModel
from yaowen.assemble.assembler import assemble
from yaowen.assemble.candidates import MOST_SPANS, SENTENCES_BEFORE, anchors, candidates
from yaowen.assemble.cues import Cues
from yaowen.assemble.features import Evidence, Features
from yaowen.assemble.holders import people_words, runs
from yaowen.assemble.layout import Layout
from yaowen.assemble.mentions import complete_mentions
from yaowen.assemble.posts import posts
from yaowen.assemble.roster import roster
from yaowen.assemble.untrue import without_untrue
from yaowen.evaluation.arguments import gold_spans
from yaowen.extractor import DEFAULT_MODEL
from yaowen.formats.annotated import read
from yaowen.schema import PEOPLE, SPAN_LABELS
from yaowen.spans import TaggedSpan


def people(source: str) -> dict[str, tuple[int, list[str]]]:
    """Name to number of mentions and titles."""
    text, spans = marked(source)
    layout = Layout(text, spans)
    title = {i: text[s.start : s.end] for i, s in enumerate(layout.spans)}
    return {e.name: (len(e.mentions), [title[o] for o in e.offices]) for e in roster(layout, tuple(runs(layout)))}


ROSTERS = [
    ("joined titles", "[POSITION 市委副书记]、[POSITION 市长][OFFICIAL 乔永山]主持会议", {"乔永山": (1, ["市委副书记", "市长"])}),
    (
        "a title shared by a list of names goes to all, the next title to its own",
        "[POSITION 副市长][OFFICIAL 柳新民]、[OFFICIAL 石英]，[POSITION 医院院长][OFFICIAL 方晓]任",
        {"柳新民": (1, ["副市长"]), "石英": (1, ["副市长"]), "方晓": (1, ["医院院长"])},
    ),
    ("title behind the name", "[OFFICIAL 霍建民][POSITION 总书记]、[POSITION 主席]指出", {"霍建民": (1, ["总书记", "主席"])}),
    (
        "a title between two names belongs to the second",
        "[OFFICIAL 霍建民][POSITION 县长][OFFICIAL 陆英]出席",
        {"霍建民": (1, []), "陆英": (1, ["县长"])},
    ),
    (
        "a surname with its title joins the one person it fits",
        "[POSITION 县医院院长][OFFICIAL 闻一舟]说。\n[OFFICIAL 闻][POSITION 院长]又说，[OFFICIAL 闻一舟]走了。",
        {"闻一舟": (3, ["县医院院长"])},
    ),
    (
        "a surname that fits two persons joins neither",
        "[POSITION 甲院院长][OFFICIAL 闻一舟]、[POSITION 乙院院长][OFFICIAL 闻天]到场。[OFFICIAL 闻][POSITION 院长]说",
        {"闻一舟": (1, ["甲院院长"]), "闻天": (1, ["乙院院长"]), "闻": (1, ["院长"])},
    ),
    (
        "same surname, another office: another person",
        "[POSITION 副市长][OFFICIAL 闻一舟]到场。[OFFICIAL 闻][POSITION 院长]说",
        {"闻一舟": (1, ["副市长"]), "闻": (1, ["院长"])},
    ),
    ("a former office with its body", "[POSITION 省政府副省长]、[ORGANIZATION 公安厅]原[POSITION 厅长][OFFICIAL 祁明]", {
        "祁明": (1, ["省政府副省长", "厅长"])}),
    ("cells of a table", "1 [OFFICIAL 霍建民] [POSITION 县长] [LOCATION 大官镇]", {"霍建民": (1, ["县长"])}),
    ("names spaced to three characters", "[POSITION 县长][OFFICIAL 霍 明]，[OFFICIAL 霍明]", {"霍明": (2, ["县长"])}),
    ("no name, no entry", "由[POSITION 市长]任[POSITION 组长]", {}),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), [r[1:] for r in ROSTERS], ids=[r[0] for r in ROSTERS])
def test_roster(source, expected):
    assert people(source) == expected


def test_sentences_clauses_and_lists():
    text, spans = marked(
        "[DATE 昨天]，[OFFICIAL 甲一]、[OFFICIAL 乙二]和[OFFICIAL 丙三]到[LOCATION 县城]。[OFFICIAL 甲一]说。"
    )
    layout = Layout(text, spans)
    assert layout.sentences == [0, 0, 0, 0, 0, 1]
    assert layout.clauses == [0, 1, 1, 1, 1, 2]
    assert [(c.first, c.last) for c in layout.chains] == [(0, 0), (1, 3), (1, 3), (1, 3), (4, 4), (5, 5)]


def test_longer_cue_words_win():
    cues = Cues("县长主持召开会议")
    assert [c.word for c in cues.within(0, 8)] == ["主持召开", "会议"]
    assert cues.first(3, 8).word == "会议"
    assert cues.last(0, 6).word == "主持召开"


def test_candidates_stay_within_reach_and_fit_the_roles():
    far = "。".join(["别的话"] * (SENTENCES_BEFORE + 1))
    text, spans = marked(f"[DATE 昨天]{far}。[DATE 今天][POSITION 县长][OFFICIAL 甲一]主持[TRIGGER:meeting 召开]会议")
    layout = Layout(text, spans)
    evidence = Evidence(layout)
    (anchor,) = anchors(layout)
    found = {
        text[s.start : s.end]: c.roles
        for c in candidates(layout, evidence, anchor, "meeting")
        for s in [layout.spans[c.span]]
    }
    assert found == {"今天": ("meeting.date",), "甲一": ("meeting.host", "meeting.attendee", "meeting.speaker")}


def test_candidates_of_an_endless_sentence_stay_within_reach():
    text, spans = marked("[OFFICIAL 甲一]，" * 300 + "[TRIGGER:appointment 任]，" + "[OFFICIAL 甲一]，" * 300)
    layout = Layout(text, spans)
    found = [c.span for c in candidates(layout, Evidence(layout), 300, "appointment")]
    assert found == [i for i in range(300 - MOST_SPANS, 301 + MOST_SPANS) if i != 300]


@pytest.mark.parametrize("unit", ["[OFFICIAL 甲一]，", "[OFFICIAL 甲一]、", "[OFFICIAL 甲一]召开会议[POSITION 县长]，"])
def test_a_pair_far_apart_costs_no_more_than_a_near_one(unit):
    def taken(times):
        layout = Layout(*marked("[TRIGGER:meeting 召开]，" + unit * times + "[TRIGGER:meeting 召开]"))
        layout.spans, layout.chains = Counted(layout.spans), Counted(layout.chains)
        evidence = Evidence(layout)
        evidence.pair(0, 1)
        layout.spans.taken = layout.chains.taken = 0
        evidence.pair(0, len(layout.spans) - 2)
        evidence.pair(len(layout.spans) - 1, 1)
        return layout.spans.taken + layout.chains.taken

    assert taken(400) <= taken(40) + 10


def write_model(folder: Path, features: list[str], weights: np.ndarray, threshold: float = 0.5) -> None:
    """A model whose hidden units are the features themselves; `weights`: (roles, features)."""
    hidden = len(features)
    arrays = {
        "vectors": np.eye(hidden), "scale": np.ones(hidden), "shift": np.zeros(hidden), "output": weights,
        "bias": np.full(len(ROLE_NAMES), -1.0),
    }  # fmt: skip
    header, blobs, offset = {}, [], 0
    for name, array in arrays.items():
        blob = array.astype(np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    head = json.dumps(header).encode()
    (folder / "assembler.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + b"".join(blobs))
    table = {"format": FORMAT, "roles": ROLE_NAMES, "threshold": threshold, "features": features}
    (folder / "assembler.json").write_text(json.dumps(table), "utf-8")


@pytest.fixture
def hosts(tmp_path):
    """A model that knows one thing: who stands before 主持 is the host."""
    features = ["list then host", "label=DATE", "label=OFFICIAL"]
    weights = np.zeros((len(ROLE_NAMES), 3))
    weights[ROLE_NAMES.index("meeting.host"), 0] = 4.0
    weights[ROLE_NAMES.index("meeting.date"), 1] = 4.0
    write_model(tmp_path, features, weights)
    return ArgumentModel.load(tmp_path)


def test_assemble_with_a_model_that_knows_hosts_and_dates(hosts):
    text, spans = marked(
        "[DATE 2日][OFFICIAL 甲一]主持[TRIGGER:meeting 召开]会议，[OFFICIAL 乙二]到会。开展[MEASURE 排查]。"
    )
    assembly = assemble(text, spans, hosts, explain=True)
    (event,) = assembly.events  # the model does not know of responses
    words = {f.role: text[assembly.spans[f.span].start : assembly.spans[f.span].end] for f in event.fillers}
    assert words == {"date": "2日", "host": "甲一"}
    host = next(f for f in event.fillers if f.role == "host")
    assert host.cues[0] == "list then host"
    assert 0.5 < host.score < 1


def test_an_argument_is_given_if_event_span_and_role_together_are_sure_enough(hosts):
    text, spans = marked("[DATE 2日][OFFICIAL 甲一]主持[TRIGGER:meeting 召开]会议。")
    unsure = [replace(s, score=0.5) if s.label == "OFFICIAL" else s for s in spans]

    def scores_at(least):
        return {f.role: f.score for e in assemble(text, unsure, replace(hosts, least=least)).events for f in e.fillers}

    scores = scores_at(0.0)
    assert scores["host"] < 0.5 < scores["date"]
    assert scores_at(scores["host"]) == scores
    assert scores_at(scores["host"] + 0.01) == {"date": scores["date"]}


def test_a_response_is_given_if_it_is_sure_enough(tmp_path):
    weights = np.zeros((len(ROLE_NAMES), 2))
    weights[ROLE_NAMES.index("response.measure"), 0] = 4.0
    weights[ROLE_NAMES.index("response.date"), 1] = 4.0
    write_model(tmp_path, ["label=MEASURE", "label=DATE"], weights)
    model = ArgumentModel.load(tmp_path)
    text, spans = marked("[DATE 2日]全县开展[MEASURE 排查]。")
    unsure = [replace(s, score=0.6) if s.label == "MEASURE" else s for s in spans]
    (event,) = assemble(text, unsure, model).events
    (date,) = (filler.score for filler in event.fillers if filler.role == "date")
    assert event.kind == "response"
    assert assemble(text, unsure, replace(model, least=date)).events
    assert not assemble(text, unsure, replace(model, least=event.score + 0.01)).events


def test_a_response_in_which_nothing_takes_part_is_no_event(tmp_path):
    weights = np.zeros((len(ROLE_NAMES), 1))
    weights[ROLE_NAMES.index("response.measure"), 0] = 4.0
    write_model(tmp_path, ["label=MEASURE"], weights)
    text, spans = marked("[DATE 2日]全县开展[MEASURE 排查]。")
    assembly = assemble(text, spans, ArgumentModel.load(tmp_path))
    assert assembly.events == ()
    assert [s.label for s in assembly.spans] == ["DATE", "MEASURE"]


def test_probabilities_are_those_of_the_formula(hosts):
    sums = np.array([1.0, 0.0, 1.0])
    normal = (sums - sums.mean()) / np.sqrt(sums.var() + EPSILON)
    logit = np.maximum(normal, 0)[0] * 4.0 - 1.0
    (row,) = hosts.probabilities([Features(("list then host",), ("label=OFFICIAL", "a feature it never saw"))])
    assert row[ROLE_NAMES.index("meeting.host")] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-5)


def test_a_folder_without_an_argument_model_says_what_to_do(tmp_path):
    with pytest.raises(ValueError, match=r"training\.arguments"):
        ArgumentModel.load(tmp_path)


def test_a_model_of_another_format_is_refused(tmp_path):
    write_model(tmp_path, ["x"], np.zeros((len(ROLE_NAMES), 1)))
    table = json.loads((tmp_path / "assembler.json").read_text())
    (tmp_path / "assembler.json").write_text(json.dumps(table | {"format": "yaowen-arguments/0"}))
    with pytest.raises(ValueError, match="another version"):
        ArgumentModel.load(tmp_path)


@st.composite
def tagged_texts(draw):
    pieces = draw(
        st.lists(st.tuples(st.text("县长甲乙、，。主持到\n", max_size=4), st.sampled_from(SPAN_LABELS)), max_size=12)
    )
    text, spans = "", []
    for gap, label in pieces:
        text += gap
        spans.append(TaggedSpan(len(text), len(text) + 2, label))
        text += "某某"
    return text, spans


@given(tagged_texts())
def test_any_spans_assemble_and_every_person_mention_is_in_the_roster_once(case):
    text, spans = case
    layout = Layout(text, spans)
    mentions = [m for entry in roster(layout, tuple(runs(layout))) for m in entry.mentions]
    assert sorted(mentions) == [i for i, s in enumerate(layout.spans) if s.label in ("OFFICIAL", "PERSON")]
    evidence = Evidence(layout)
    for anchor, kind in anchors(layout).items():
        for candidate in candidates(layout, evidence, anchor, kind):
            assert candidate.span != anchor
            assert candidate.features == evidence.pair(anchor, candidate.span)


MENTIONS = [
    ("a name read once is found again", "[OFFICIAL 乔永山]到场。乔永山说", ["乔永山", "乔永山"]),
    ("the longer name takes a shorter one's place", "[OFFICIAL 乔永山]到场。乔[OFFICIAL 永山]说", ["乔永山", "乔永山"]),
    (
        "a title that ran into the name is cut",
        "[OFFICIAL 乔永山]到场。[POSITION 县委书记乔]永山说",
        ["乔永山", "县委书记", "乔永山"],
    ),
    ("what was read there otherwise stays", "[OFFICIAL 向阳]到场。在[LOCATION 向阳镇]", ["向阳", "向阳镇"]),
    ("a name inside a thing's is not taken", "[OFFICIAL 乔永山]到场。学乔永山精神，乔永山说", ["乔永山", "乔永山"]),
    ("a surname is not looked for", "[OFFICIAL 乔][POSITION 书记]到场。乔木", ["乔", "书记"]),
]


@pytest.mark.parametrize(("source", "expected"), [m[1:] for m in MENTIONS], ids=[m[0] for m in MENTIONS])
def test_mentions(source, expected):
    text, spans = marked(source)
    found = complete_mentions(text, spans)
    assert [text[s.start : s.end] for s in found] == expected
    assert complete_mentions(text, found) == found


COUNTS = [
    ("none", "[TRIGGER:incident 新增]病例[QUANTITY 0例]，[TRIGGER:incident 新增]死亡[QUANTITY 零例]。", 0),
    ("none before the noun", "全市[TRIGGER:incident 新增][QUANTITY 0例]确诊病例。", 0),
    ("none, without a count", "[LOCATION 三亚市][TRIGGER:incident 新增]病例为零", 0),
    ("some", "[TRIGGER:incident 新增]病例[QUANTITY 10例]，[TRIGGER:incident 发生]事故[QUANTITY 0.5起]。", 2),
    ("some beside none", "[TRIGGER:incident 新增]病例[QUANTITY 0例]、无症状感染者[QUANTITY 3例]。", 1),
    ("none in the next clause", "[TRIGGER:incident 发生]火灾，死亡[QUANTITY 0人]。", 1),
    ("none of the next incident", "[TRIGGER:incident 发生]火灾后[TRIGGER:incident 新增]死亡[QUANTITY 0人]。", 1),
    ("a temperature", "[TRIGGER:incident 出现][QUANTITY 零下5度]低温。", 1),
    ("no incident", "[TRIGGER:deployment 派出]队员[QUANTITY 0人]。", 0),
]


@pytest.mark.parametrize(("source", "incidents"), [c[1:] for c in COUNTS], ids=[c[0] for c in COUNTS])
def test_what_was_counted_and_did_not_happen_is_no_incident(source, incidents):
    text, spans = marked(source)
    left = without_untrue(text, spans)
    assert sum(s.label == "TRIGGER:incident" for s in left) == incidents
    assert [s for s in left if s.label != "TRIGGER:incident"] == [s for s in spans if s.label != "TRIGGER:incident"]


@pytest.mark.parametrize(("word", "left"), [("历任", 0), ("曾任", 0), ("任命", 1), ("任", 1), ("当选为", 1)])
def test_a_post_in_a_career_is_no_appointment(word, left):
    text, spans = marked(f"乔永山，[TRIGGER:appointment {word}][POSITION 副县长]。")
    assert sum(s.label == "TRIGGER:appointment" for s in without_untrue(text, spans)) == left


def test_the_word_of_a_career_may_begin_before_the_trigger():
    text, spans = marked("曾[TRIGGER:appointment 任][POSITION 副县长]")
    assert [s.label for s in without_untrue(text, spans)] == ["POSITION"]


def test_a_count_is_not_looked_for_through_a_text_without_marks():
    text, spans = marked("[TRIGGER:incident 新增]" + "病" * 200 + "[QUANTITY 0例]")
    assert without_untrue(text, spans) == tuple(spans)


def test_the_surest_reading_of_a_name_says_what_the_person_is():
    text, spans = marked("[OFFICIAL 乔永山]书记到场。[PERSON 乔永山]落水。[PERSON 乔]说，[PERSON 林海]获救")
    sure = [replace(s, score=0.9 if s.label == "OFFICIAL" else 0.6) for s in spans]
    assert [s.label for s in complete_mentions(text, sure)] == ["OFFICIAL", "OFFICIAL", "PERSON", "PERSON"]
    unsure = [replace(s, score=0.5 if s.label == "OFFICIAL" else 0.6) for s in spans]
    assert [s.label for s in complete_mentions(text, unsure)] == ["PERSON"] * 4


def test_a_doubtful_name_is_not_looked_for():
    text, spans = marked("[OFFICIAL 乔永山]到场。乔永山说")
    doubtful = [TaggedSpan(s.start, s.end, s.label, 0.3) for s in spans]
    assert complete_mentions(text, doubtful) == tuple(doubtful)


def test_the_work_of_finding_mentions_grows_with_the_text_not_its_square(monkeypatch):
    def taken(times):
        made = []

        def counted(items, key=None):
            made.append(Counted(sorted(items, key=key)))
            return made[-1]

        monkeypatch.setattr(mentions, "sorted", counted, raising=False)
        complete_mentions(*marked("[OFFICIAL 乔永山]到场，" * times))
        return sum(items.taken for items in made)

    assert taken(200) <= 3 * taken(100)


class Generous(ArgumentModel):
    """Every span plays every role that is asked of it; some more surely than others."""

    def __init__(self) -> None:
        nothing = np.zeros((len(ROLE_NAMES), 1), np.float32)
        bias = np.linspace(1, 3, len(ROLE_NAMES)).astype(np.float32)
        one = np.ones(1, np.float32)
        super().__init__({}, np.zeros((0, 1), np.float32), one, one * 0, nothing, bias, 0.4)


def test_a_span_has_one_role_of_an_event_but_at_a_meeting():
    def roles(source: str) -> dict[str, set[str]]:
        text, spans = marked(source)
        (event,) = assemble(text, spans, Generous()).events
        found: dict[str, set[str]] = {}
        for filler in event.fillers:
            span = spans[filler.span]
            found.setdefault(text[span.start : span.end], set()).add(filler.role)
        return found

    assert roles("[ORGANIZATION 大观县志愿服务队][TRIGGER:establishment 成立]") == {"大观县志愿服务队": {"founder"}}
    assert len(roles("[OFFICIAL 乔永山]主持[TRIGGER:meeting 召开]会议")["乔永山"]) > 1


POSTS = [
    (
        "任命：[OFFICIAL 甲]为[POSITION 局长]；[OFFICIAL 乙]、[OFFICIAL 丙]为[POSITION 科长]",
        {"甲": "局长", "乙": "科长", "丙": "科长"},
    ),
    ("[OFFICIAL 甲]任[POSITION 书记]、[POSITION 局长]", {"甲": "书记 局长"}),
    ("[OFFICIAL 甲]、[OFFICIAL 乙]任[POSITION 组长]、[POSITION 副组长]", {"甲": "组长", "乙": "副组长"}),
    (
        "[OFFICIAL 甲]、[OFFICIAL 乙]任[POSITION 党组成员]、[POSITION 副局长]",
        {"甲": "党组成员 副局长", "乙": "党组成员 副局长"},
    ),
    ("免去[POSITION 局长][OFFICIAL 甲]，[POSITION 科长][OFFICIAL 乙]", {"甲": "局长", "乙": "科长"}),
    ("任命[OFFICIAL 甲]为[POSITION 局长]，[OFFICIAL 乙]另有任用", {"甲": "局长"}),
    ("[OFFICIAL 甲]被免职", {}),
    ("免去[POSITION 局长]职务", {}),
]


@pytest.mark.parametrize(("source", "expected"), POSTS, ids=[source for source, _ in POSTS])
def test_each_gets_the_posts_that_are_said_of_them(source, expected):
    text, spans = marked(source)
    found = posts(text, spans)
    assert {text[p.start : p.end]: " ".join(text[s.start : s.end] for s in of) for p, of in found.items()} == expected


@pytest.mark.parametrize(("read", "name"), [("王平未", "王平"), ("陈晓不", "陈晓"), ("王平", "王平"), ("王未", "王未")])
def test_no_name_ends_with_a_word_that_denies(read, name):
    text, spans = marked(f"县长[OFFICIAL {read}]出席会议")
    assert [text[s.start : s.end] for s in complete_mentions(text, spans)] == [name]


def test_no_annotated_name_ends_with_a_word_that_denies():
    for name in ("train", "train-more", "dev", "test"):
        for document in read(AUTHORED / f"{name}.jsonl"):
            people = [document.text[s.start : s.end] for s in document.spans if s.label in PEOPLE]
            assert not [person for person in people if person.endswith(people_words().never_last)]


def test_how_many_pairs_are_judged_at_once_changes_nothing(monkeypatch):
    document = next(d for d in read(AUTHORED / "train.jsonl") if len(d.events) > 6)
    model = ArgumentModel.load(DEFAULT_MODEL)
    whole = assemble(document.text, gold_spans(document), model, explain=True)
    monkeypatch.setattr("yaowen.assemble.assembler.AT_ONCE", 5)
    monkeypatch.setattr("yaowen.assemble.features.KEPT", 3)
    few = assemble(document.text, gold_spans(document), model, explain=True)
    assert [(e.kind, e.anchor, [(f.role, f.span, f.cues) for f in e.fillers]) for e in few.events] == [
        (e.kind, e.anchor, [(f.role, f.span, f.cues) for f in e.fillers]) for e in whole.events
    ]
