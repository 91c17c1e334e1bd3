"""`yaowen predict` with a fake extractor, as a program of its own that can be killed: python -m tests.job_program ARGUMENTS

YAOWEN_TEST_PAUSE: seconds that a document takes. YAOWEN_TEST_PIDS: a folder in which every process that loads a model
leaves its number. A text that says 杀 kills the process that reads it.
"""

import os
import signal
import time
from pathlib import Path

from tests.fake_extractor import FakeExtractor
from yaowen.cli.main import main


class Slow(FakeExtractor):
    """Takes its time, so that a kill meets it at work."""

    def extract(self, text, published=None, **options):
        time.sleep(float(os.environ.get("YAOWEN_TEST_PAUSE", "0")))
        if "杀" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        self.calls.clear()
        return super().extract(text, published, **options)


def load(**options) -> Slow:
    """The extractor; found by name in other processes."""
    if "YAOWEN_TEST_PIDS" in os.environ:
        Path(os.environ["YAOWEN_TEST_PIDS"], str(os.getpid())).touch()
    return Slow()


if __name__ == "__main__":
    from tests import job_program  # `load` by the name that other processes know

    main(obj=job_program.load)
