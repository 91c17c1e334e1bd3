"""Rates and memory of jobs over archives on this machine, recorded as JSON, and docs/archives.md rendered from it.

    python -m eval.archives [--documents 2000] [--soak 10000] [--out eval/results/archives.json]
    python -m eval.archives --render [--check]      docs/archives.md from eval/results/{archives,resume}.json

Documents: our own corpus, over and over. `job`: documents a second of whole jobs with one and two workers, and what is
written. `reading`: megabytes a second of the sources alone, without a model. `soak`: resident memory along one long job.
"""

import argparse
import gzip
import io
import json
import lzma
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eval.record import machine, show
from yaowen.archive.find import find
from yaowen.archive.pages import Found, Page
from yaowen.archive.sources import read

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PAGE = Path("docs/archives.md")
CORPUS = [Path(f"data/authored/{part}.jsonl") for part in ("train", "dev", "test")]
SAMPLES = 50  # of memory along the soak

_SOAK = """
import json, os, sys
from pathlib import Path
from yaowen.archive.run import Engine, Listener, run
from yaowen.cli.archive import ArchiveOptions, Loading, work_of
source, out, every = sys.argv[1], sys.argv[2], int(sys.argv[3])
options = ArchiveOptions(out, out, 1, False, 1000, "local", None)
work = work_of(options, Loading(None, "onnx", 1), "jsonl", None, False, {})
samples, done = [], 0
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
def advance(size, documents, failures):
    global done
    if done // every != (done + documents) // every:
        samples.append([done + documents, round(resident(), 1)])
    done += documents
run([source], work, Engine(), False, Listener(lambda size: None, advance, print))
print(json.dumps(samples))
"""


def corpus() -> list[str]:
    """The texts of our own news."""
    return [json.loads(line)["text"] for path in CORPUS for line in path.read_text("utf-8").splitlines()]


def measure(documents: int, soak: int) -> dict[str, Any]:
    """All figures."""
    result: dict[str, Any] = {"machine": machine()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        source = folder / "in" / "news.jsonl"
        texts = list(islice(cycle(corpus()), documents))
        source.write_text("\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in texts), "utf-8")
        result["job"] = {
            "1 worker": _job(source, folder / "1", ["--workers", "1"]),
            "2 workers": _job(source, folder / "2", ["--workers", "2"]),
            "2 workers, Parquet and tables": _job(
                source, folder / "3", ["--workers", "2", "--format", "parquet", "--tables", str(folder / "3")]
            ),
        }
        result["reading"] = _reading(folder)
        result["soak"] = _soak(folder, soak) if soak else None
    return result


def _job(source: Path, out: Path, arguments: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "yaowen.cli.main", "predict", str(source), "--shards", str(out)]
    command += ["--shard-documents", "100", *arguments]
    begin = time.monotonic()
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": "model"}, stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - begin
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    written = sum(path.stat().st_size for path in out.rglob("part-*"))
    return {
        "documents": summary["documents"],
        "seconds": round(seconds, 1),
        "documents per second": round(summary["documents"] / seconds, 2),
        "characters per second": round(summary["characters"] / seconds),
        "bytes written per document": round(written / summary["documents"]),
    }


def _reading(folder: Path) -> dict[str, Any]:
    """Each kind of source read to its end: megabytes of text a second, in one process."""
    texts = list(islice(cycle(corpus()), 5000))
    pages = {f"{number}.html": f"<html><body><p>{text}</p></body></html>".encode() for number, text in enumerate(texts)}
    lines = "\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in texts).encode()
    packed, tar = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in pages.items():
            archive.writestr(name, data)
    with tarfile.open(fileobj=tar, mode="w") as archive_:
        for name, data in pages.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive_.addfile(info, io.BytesIO(data))
    sources = {
        "news.jsonl": lines, "news.jsonl.gz": gzip.compress(lines), "news.jsonl.xz": lzma.compress(lines, preset=1),
        "news.zip": packed.getvalue(), "news.tar.gz": gzip.compress(tar.getvalue()),
        "gb18030.csv": ("text\n" + "\n".join('"' + text.replace('"', '""') + '"' for text in texts)).encode("gb18030"),
    }  # fmt: skip
    return {name: _read_rate(folder / name, data) for name, data in sources.items()}


def _read_rate(path: Path, data: bytes) -> dict[str, Any]:
    path.write_bytes(data)
    (found,) = find([str(path)])
    assert isinstance(found, Found)
    begin = time.perf_counter()
    characters = sum(len(item.text) for item in read(found) if isinstance(item, Page))
    seconds = time.perf_counter() - begin
    return {
        "megabytes per second": round(len(data) / 1e6 / seconds, 1),
        "characters per second": round(characters / seconds),
    }


def _soak(folder: Path, documents: int) -> dict[str, Any]:
    """Resident memory of one process along a job of so many documents of all lengths, text and HTML."""
    lines = []
    for number, text in enumerate(islice(cycle(corpus()), documents)):
        long = text * (1 + 9 * (number % 97 == 0))
        record = {"text": f"<html><body><p>{long}</p></body></html>" if number % 2 else long}
        lines.append(json.dumps(record, ensure_ascii=False))
    source = folder / "soak.jsonl"
    source.write_text("\n".join(lines), "utf-8")
    command = [sys.executable, "-c", _SOAK, str(source), str(folder / "soak"), str(max(1, documents // SAMPLES))]
    output = subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": "model"}, stdout=subprocess.PIPE).stdout
    samples = json.loads(output)
    later = [memory for done, memory in samples if done >= documents / 5]  # buffers have their sizes by then
    halves = later[: len(later) // 2], later[len(later) // 2 :]
    middle = statistics.median(later)
    return {
        "documents": documents,
        "MiB": samples,
        "median MiB": middle,
        "largest deviation": round(max(abs(memory - middle) for memory in later) / middle, 4),
        "second half over first": round(statistics.median(halves[1]) / statistics.median(halves[0]), 4),
    }


def render() -> str:
    """docs/archives.md, from what was recorded. Raises `ValueError` where a record is missing."""
    records = {}
    for name in ("archives", "resume"):
        try:
            records[name] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
        except FileNotFoundError:
            remedy = f"python -m eval.{name} --out {RESULTS}/{name}.json"
            raise ValueError(f"{RESULTS}/{name}.json is missing: record it with `{remedy}`") from None
    loader = FileSystemLoader(HERE / "templates")
    environment = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.get_template("archives.md.jinja").render(**records, growth=growth(records["archives"]))


def growth(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The arithmetic of larger jobs: processor time and space, in proportion to what was measured."""
    one = record["job"]["1 worker"]
    space = record["job"]["2 workers, Parquet and tables"]["bytes written per document"]
    rows = []
    for pages, cores in ((100_000, 2), (10_000_000, 64), (1_000_000_000, 2_000)):
        seconds = pages / one["documents per second"]
        rows.append(
            {
                "pages": pages,
                "cores": cores,
                "core hours": seconds / 3600,
                "hours": seconds / 3600 / cores,
                "gigabytes": pages * space / 1e9,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--soak", type=int, default=10_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    if arguments.render:
        text = render()
        if not arguments.check:
            PAGE.write_text(text, "utf-8")
        elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
            sys.exit(f"{PAGE} is not what the recorded results say; run `python -m eval.archives --render`")
        return
    show(measure(arguments.documents, arguments.soak), arguments.out)


if __name__ == "__main__":
    main()
