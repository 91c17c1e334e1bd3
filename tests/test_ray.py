"""The same job on a Ray cluster gives the same files, also when a worker is killed in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.test_archive import ROOT, job, news, output  # noqa: F401  # `news` is a fixture

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'yaowen[ray]'")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


def run_on_ray(news: Path, out: Path, pids: Path, pause: str, *arguments: str) -> subprocess.Popen:  # noqa: F811
    """A local cluster of its own with two actors."""
    command = [sys.executable, "-m", "tests.job_program", "predict", news, "--shards", out, "--shard-documents", "7",
               "--engine", "ray", "--address", "local", "--workers", "2", *arguments]  # fmt: skip
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'model'}", "YAOWEN_TEST_PAUSE": pause, "YAOWEN_TEST_PIDS": str(pids),
        "RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "300",
    }  # fmt: skip
    return subprocess.Popen(list(map(str, command)), cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def finished(out: Path) -> int:
    return len(list((out / "_job" / "done").glob("[0-9]*"))) if (out / "_job" / "done").exists() else 0


def test_a_worker_killed_in_the_middle_changes_nothing(news, tmp_path):  # noqa: F811
    assert job(news, tmp_path / "whole").exit_code == 1
    out, pids = tmp_path / "out", tmp_path / "pids"
    pids.mkdir()
    process = run_on_ray(news, out, pids, "0.2")
    timer = threading.Timer(900, process.kill)
    timer.start()
    while process.poll() is None and finished(out) < 2:
        time.sleep(0.05)
    assert process.poll() is None, process.stderr.read()
    first = sorted(pids.iterdir(), key=lambda path: path.stat().st_mtime)[0]
    os.kill(int(first.name), signal.SIGKILL)
    assert 0 < finished(out) < 9, "in the middle"
    _, errors = process.communicate(timeout=900)
    timer.cancel()
    assert process.returncode == 1, errors
    assert len(list(pids.iterdir())) == 3, "two actors, and one in place of the killed"
    assert output(out) == output(tmp_path / "whole")
    assert "4 could not be read" in errors


def test_a_job_goes_on_from_one_engine_to_the_other(news, tmp_path):  # noqa: F811
    assert job(news, tmp_path / "whole").exit_code == 1
    assert job(news, tmp_path / "out").exit_code == 1
    for name in ("000000-0002", "000000-0008"):
        (tmp_path / "out" / "_job" / "done" / f"{name}.json").unlink()
        (tmp_path / "out" / "records" / f"part-{name}.jsonl").unlink()
    pids = tmp_path / "pids"
    pids.mkdir()
    process = run_on_ray(news, tmp_path / "out", pids, "0", "--resume")
    _, errors = process.communicate(timeout=900)
    assert process.returncode == 1, errors
    assert output(tmp_path / "out") == output(tmp_path / "whole")
