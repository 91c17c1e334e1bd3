"""A page's own date of publication is no event's date, however sure the models are; a dateline's may be."""

import numpy as np
import pytest

from tests.marked import marked
from tests.test_assemble import write_model
from yaowen.assemble import ArgumentModel
from yaowen.assemble.arguments import ROLE_NAMES
from yaowen.extractor import Extractor
from yaowen.tagger.tagger import Tagging


class GivenSpans:
    """A tagger that reads the spans it was made with."""

    def __init__(self, spans):
        self._spans = tuple(spans)

    def tag(self, texts):
        return [Tagging(self._spans, len(texts[0]), 0, 1)]


@pytest.fixture
def dates(tmp_path):
    """A model that takes every date for a meeting's."""
    weights = np.zeros((len(ROLE_NAMES), 2))
    weights[ROLE_NAMES.index("meeting.date"), 0] = 4.0
    write_model(tmp_path, ["label=DATE", "label=OFFICIAL"], weights)
    return ArgumentModel.load(tmp_path)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("发布时间：[DATE 2022-03-03 14:17]\n[DATE 3月2日]，市委[TRIGGER:meeting 召开]会议。", ["3月2日"]),
        ("市委开会\n新华社三亚[DATE 2月8日]电 市委[TRIGGER:meeting 召开]会议。", ["2月8日"]),
    ],
)
@pytest.mark.parametrize("published", [None, "2022-03-04"])
def test_the_date_of_publication_is_no_events_date(dates, source, told, published):
    text, spans = marked(source)
    document = Extractor(GivenSpans(spans), dates).extract(text, published)
    (meeting,) = document.events
    assert [a.span.text for a in meeting.fillers("date")] == told
    assert len([s for s in document.spans if s.label == "DATE"]) == source.count("[DATE")
