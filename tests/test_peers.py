"""The comparison with peers: what counts, what is passed over, and what happens where a peer is not installed."""

import sys
from pathlib import Path

from eval import peer, peers
from yaowen.formats.annotated import AnnotatedDocument, Mark

DOCUMENT = AnnotatedDocument(
    "a", None, "", "县委书记罗一凡3月20日到三亚", (Mark(0, 4, "POSITION"), Mark(4, 7, "OFFICIAL"), Mark(7, 12, "DATE"), Mark(13, 15, "LOCATION")), ()
)  # fmt: skip


def test_words_become_spans() -> None:
    words = [("县委", "nt"), ("书记", "n"), ("罗一凡", "nr"), ("苗青", "nr"), ("昨天", "t"), ("上午", "t")]
    assert peer.joined(words, peer.JIEBA) == [[0, 2, "ORG"], [4, 7, "PER"], [7, 9, "PER"], [9, 13, "TIME"]]
    assert peer.placed("到 三亚 了", [("到", "v"), ("三亚", "ns"), ("了", "u")], peer.LAC) == [[2, 4, "LOC"]]


def test_long_lines_are_cut_and_keep_their_places() -> None:
    text = "甲" * 300 + "\n\n乙"
    assert list(peer.lines_of(text)) == [(0, "甲" * 250), (250, "甲" * 50), (302, "乙")]
    assert all(text[at : at + len(line)] == line for at, line in peer.lines_of(text))


def test_answers_inside_offices_are_passed_over() -> None:
    assert [s.key for s in peers.gold_of(DOCUMENT).spans] == [(4, 7, "PER"), (7, 12, "TIME"), (13, 15, "LOC")]
    found = peers.answers_of(DOCUMENT, [(0, 2, "ORG"), (3, 7, "PER"), (7, 12, "TIME")])
    assert [s.key for s in found.spans] == [(3, 7, "PER"), (7, 12, "TIME")]


def test_a_peer_that_is_not_there_is_told(tmp_path: Path) -> None:
    answer = peers.run("lac", sys.executable, ["三亚"], tmp_path)
    assert isinstance(answer, dict) or "LAC" in answer or "paddle" in answer
    assert "not run: no module" in peers.table({"peers": {"LAC": {"not run": "no module"}}})
