"""The behavioural suite: its data are sound, and it sees what an extractor does wrong."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eval.behave import FOLDER, Reader, run, table, wrong
from eval.behaviours import OWN_FORMS, Words, changed, read_capabilities, realise
from yaowen.document import Argument, Document, Event, Source, Span
from yaowen.schema import ROLES

WORDS = Words.read(FOLDER / "words.toml")
CAPABILITIES = list(read_capabilities(FOLDER))


class Pattern:
    """Finds what patterns say, and for a trigger gives every role of its type to every other span."""

    def __init__(self, find: Callable[[str], list[tuple[str, str]]]) -> None:
        self._find = find

    def extract_many(self, texts: list[str]) -> Iterator[Document]:
        for text in texts:
            found = [(m, label) for pattern, label in self._find(text) for m in re.finditer(pattern, text)]
            spans = tuple(
                Span(m.start(), m.end(), m[0], label, 0.9, m[0]) for m, label in sorted(found, key=lambda f: f[0].start())
            )
            events = tuple(
                Event(
                    f"e{i}",
                    t.label[8:],
                    t,
                    0.9,
                    tuple(Argument(r, s, 0.9) for s in spans if s != t for r in ROLES[t.label[8:]]),
                )
                for i, t in enumerate(s for s in spans if s.label.startswith("TRIGGER"))
            )
            yield Document("a", Source(None, None, "", len(text)), None, None, text, spans, (), events)


def judge(capability: dict, find: Callable[[str], list[tuple[str, str]]]) -> dict:
    return run({"name": "made", **capability}, WORDS, Reader(Pattern(find)))  # type: ignore[arg-type]


def test_there_are_at_least_thirty_capabilities_of_all_kinds() -> None:
    kinds = [c["kind"] for c in CAPABILITIES]
    assert len(kinds) >= 30
    assert set(kinds) == {"MFT", "INV", "DIR"}
    for capability in CAPABILITIES:
        dice = random.Random(0)
        for template in [
            *capability.get("cases", ()),
            *capability.get("then", ()),
            *([capability["first"]] if "first" in capability else []),
        ]:
            case = realise(template, WORDS.draw(dice))
            triggers = sum(m.is_trigger for m in case.marks)
            assert all(number <= triggers for m in case.marks for _, number in m.roles), template
            if capability["kind"] != "INV":
                assert case.marks, template
            else:
                assert changed(capability, case, WORDS.draw(dice), WORDS, dice, template)


def test_marks_must_be_found_as_they_are_marked() -> None:
    capability = {
        "kind": "MFT",
        "cases": ["[县长|POSITION][罗一凡|OFFICIAL|host][召开|TRIGGER:meeting]会议，[全县|none]动员。"],
    }
    right = [("县长", "POSITION"), ("罗一凡", "OFFICIAL"), ("召开", "TRIGGER:meeting")]
    assert judge(capability, lambda _: right)["failures"] == 0
    for worse in (
        right[1:],
        [*right, ("县动", "LOCATION"), ("全县", "LOCATION")],
        right[:2],
        [("县", "POSITION"), *right[1:]],
    ):
        record = judge(capability, lambda _, worse=worse: worse)
        assert record["failure rate"] == 1.0
        assert record["examples"][0]["wrong"]


def test_wrong_says_what_was_found_instead() -> None:
    case = realise("[县长|POSITION]来了", {})
    (document,) = Pattern(lambda _: [("县长来", "OFFICIAL")]).extract_many([case.text])
    assert wrong(case, document) == ["县长: OFFICIAL 县长来, expected POSITION"]


def test_an_extractor_that_knows_one_name_only_is_not_invariant() -> None:
    capability = {"kind": "INV", "swap": "name", "cases": ["县长{name}来了"]}
    assert judge(capability, lambda _: [("(?<=县长).+(?=来)", "OFFICIAL")])["failures"] == 0
    record = judge(capability, lambda text: [("(?<=县长).+(?=来)", "OFFICIAL" if len(text) % 2 else "PERSON")])
    assert 0 < record["failures"] < record["cases"]


@pytest.mark.parametrize(
    "change", [{"form": form} for form in ("HTML", "pinyin", *OWN_FORMS)] + [{"before": "春天。\n"}, {"after": "夏天。"}]
)
def test_a_form_that_changes_nothing_visible_is_no_failure(change: dict) -> None:
    letters = r"(?:\([a-zāáǎàēéěèīíǐìōóǒòūúǔùüǘǚǜ]+\)|<[^>]*>|[\u200b\ufeff\u00ad])*"
    capability = {"kind": "INV", **change, "cases": ["{day}，县长到望洪镇。"]}
    assert judge(capability, lambda _: [("望" + letters + "洪" + letters + "镇", "LOCATION")])["failures"] == 0
    assert judge(capability, lambda text: [("望|洪|镇", "LOCATION")] if len(text) % 7 else [])["cases"] == 12


def test_a_direction_counts_where_the_first_sentence_is_read() -> None:
    capability = {"kind": "DIR", "first": "{county}[发生|TRIGGER:incident]火灾", "then": ["{county}未[发生|none]火灾"]}
    assert judge(capability, lambda _: [("发生", "TRIGGER:incident")])["failure rate"] == 1.0
    assert judge(capability, lambda _: [("(?<!未)发生", "TRIGGER:incident")])["failure rate"] == 0.0
    nothing = judge(capability, lambda _: [])
    assert (nothing["cases"], nothing["not applicable"], nothing["failure rate"]) == (0, 12, None)
    assert "–" in table({"totals": {"DIR": {"failures": 0, "cases": 0, "capabilities": 1}}, "capabilities": [nothing]})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[capability]]\nname = "a"\nkind = "XYZ"', "kind 'XYZ'; expected MFT"),
        ('[[capability]]\nname = "a"\nkind = "MFT"\nfrom = 1', "unknown keys from; MFT has cases"),
        ('[[capability]]\nname = "a"\nkind = "MFT"\n[[capability]]\nname = "a"\nkind = "MFT"', "stands twice"),
    ],
)
def test_bad_data_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "x.toml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=complaint):
        list(read_capabilities(tmp_path))


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("[县长|BOSS]", "unknown label 'BOSS'"),
        ("{nobody}", "unknown slot"),
        ("[县长", "not closed"),
        ("县长|POSITION]", "closes nothing"),
    ],
)
def test_bad_templates_are_refused(template: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        realise(template, {})
