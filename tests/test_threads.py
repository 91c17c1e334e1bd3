"""One extractor for many threads: the same answer every time, to the last bit."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

import yaowen
from tests.tiny_model import authored_texts
from yaowen.extractor import DEFAULT_MODEL

THREADS, RUNS = 8, 100
pytestmark = pytest.mark.skipif(not (DEFAULT_MODEL / "manifest.json").exists(), reason="no model in the package")


def test_eight_threads_by_a_hundred_runs_are_bit_equal():
    extractor = yaowen.load(threads=2)
    texts = sorted(authored_texts(), key=len)[:5]
    alone = [_exact(extractor, text) for text in texts]

    def read(number: int) -> list[int]:
        # Every thread goes through the texts in an order of its own, so that different texts meet.
        order = [(number + run) % len(texts) for run in range(RUNS)]
        return [which for which in order if _exact(extractor, texts[which]) != alone[which]]

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(read, range(THREADS))) == [[]] * THREADS


def _exact(extractor: yaowen.Extractor, text: str) -> str:
    """A record with its scores unrounded."""
    document = extractor.extract(text)
    scores = [span.score.hex() for span in document.spans]
    events = [(event.score.hex(), [a.score.hex() for a in event.arguments]) for event in document.events]
    return json.dumps([document.to_dict(), scores, events])
