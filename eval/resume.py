"""A batch killed (SIGKILL) at random moments and resumed, beside one left alone: is the output the same? Recorded as JSON.

    python -m eval.resume [--kills 10] [--documents 400] [--workers 2] [--seed 6] [--out eval/results/resume.json]

Documents: our own corpus as JSON lines, a ZIP and a tar.gz of pages, over and over, with a broken line and an empty page in
them. The moments are drawn over the time that the run that is left alone takes.
"""

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from eval.archives import corpus
from eval.record import machine, show
from yaowen.extractor import DEFAULT_MODEL

MOMENTS = (0.03, 0.25)  # of the uninterrupted run's time: so early that ten kills come before the end
TRIES = 100  # runs after which it is given up


def make_inputs(folder: Path, documents: int) -> None:
    """Archives with so many documents, two of which cannot be read."""
    texts = list(islice(cycle(corpus()), documents - 2))
    third = len(texts) // 3
    lines = [json.dumps({"text": text, "id": str(number)}) for number, text in enumerate(texts[:third])]
    (folder / "a.jsonl").write_text("\n".join([*lines[: third // 2], "{broken", *lines[third // 2 :]]), "utf-8")
    with zipfile.ZipFile(folder / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("empty.html", "")
        for number, text in enumerate(texts[third : 2 * third]):
            archive.writestr(f"{number}.html", f"<html><body><p>{text}</p></body></html>")
    with tarfile.open(folder / "c.tar.gz", "w:gz") as archive_:
        for number, text in enumerate(texts[2 * third :]):
            data = text.encode("gb18030", "replace")
            info = tarfile.TarInfo(f"{number}.txt")
            info.size = len(data)
            archive_.addfile(info, io.BytesIO(data))


def measure(kills: int, documents: int, workers: int, seed: int) -> dict[str, Any]:
    """Both runs and what came of them."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        make_inputs(folder / "in", documents)
        shutil.copytree(DEFAULT_MODEL, folder / "model")  # a job refuses to go on with a model that was changed meanwhile
        begin = time.monotonic()
        status = _start(folder, "whole", workers).wait()
        seconds = time.monotonic() - begin
        moments: list[dict[str, Any]] = []
        last = 0
        for _ in range(TRIES):
            process = _start(folder, "killed", workers)
            limit = rng.uniform(*MOMENTS) * seconds if len(moments) < kills else None
            try:
                last = process.wait(limit)
                break
            except subprocess.TimeoutExpired:
                moments.append({"seconds": round(limit or 0, 2), "finished shards": _finished(folder / "killed")})
                process.kill()
                process.wait()
        whole, killed = (digests(folder / run) for run in ("whole", "killed"))
        summary = json.loads((folder / "whole" / "summary.json").read_text("utf-8"))
    return {
        "machine": machine(), "documents": summary["documents"], "failures": summary["failures"],
        "workers": workers, "shards": summary["shards"], "files": len(whole), "seconds uninterrupted": round(seconds, 1),
        "kills": moments, "status": [status, last], "equal": whole == killed and status == last,
        "differing files": sorted(name for name in whole | killed if whole.get(name) != killed.get(name)),
    }  # fmt: skip


def _start(folder: Path, run: str, workers: int) -> subprocess.Popen[bytes]:
    options = {"--shards": folder / run, "--tables": folder / run, "--model": folder / "model", "--shard-documents": 10}
    command = [sys.executable, "-m", "yaowen.cli.main", "predict", str(folder / "in"), "--resume", f"--workers={workers}"]
    command += [f"{option}={value}" for option, value in options.items()]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": "model"}, stderr=subprocess.DEVNULL)


def _finished(folder: Path) -> int:
    return len(list((folder / "_job" / "done").glob("*.json")))


def digests(folder: Path) -> dict[str, str]:
    """The checksum of every file of a job, its own notes aside."""
    return dict(_digests(folder))


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "_job" not in path.parts:
            yield path.relative_to(folder).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    result = measure(arguments.kills, arguments.documents, arguments.workers, arguments.seed)
    show(result, arguments.out)
    if not result["equal"]:
        sys.exit("the outputs differ")


if __name__ == "__main__":
    main()
