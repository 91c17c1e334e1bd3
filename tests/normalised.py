"""The laws of every normalised text, for the tests of normalisation."""

from collections.abc import Iterator

import numpy as np

from yaowen.text import tables
from yaowen.text.edits import replay, to_codes
from yaowen.text.normalise import NormalisedText, normalise
from yaowen.text.tables import Kind


def check_laws(page: NormalisedText) -> None:
    """What holds for every normalised text."""
    assert replay(page.raw, page.trace) == page.text
    assert normalise(page.text).text == page.text, "normalising twice is not normalising once"
    assert len(page.starts) == len(page.ends) == len(page.text)
    if not page.text:
        return
    assert page.starts[0] >= 0
    assert page.ends[-1] <= len(page.raw)
    assert (page.starts < page.ends).all()
    assert (page.ends[:-1] <= page.starts[1:]).all()
    unwanted = Kind.LINE_END | Kind.REMOVE | Kind.SPACE | Kind.FOLD | Kind.QUOTE
    assert not (tables.kinds()[to_codes(page.text)] & np.uint16(unwanted)).any()


def check_spans(page: NormalisedText, spans: Iterator[tuple[int, int]]) -> None:
    """Normalised to raw and back gives the same span."""
    for start, end in spans:
        assert page.normalised_span(*page.raw_span(start, end)) == (start, end)
