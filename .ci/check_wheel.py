"""What must hold of an installed wheel: `python check_wheel.py WHEEL CHECKOUT`, run by `.ci/wheel` in its folder."""

import importlib.util
import json
import sys
import zipfile
from pathlib import Path

import yaowen

MODEL_BYTES = 25 * 2**20  # what the weights may take


def check(holds: bool, message: str) -> None:
    if not holds:
        sys.exit(f"wheel: {message}")


def main() -> None:
    wheel, checkout = map(Path, sys.argv[1:])
    check(checkout not in Path(yaowen.__file__).parents, f"{yaowen.__file__} is the checkout's, not the wheel's")
    check(importlib.util.find_spec("torch") is None, "a plain install brings torch")
    entries = zipfile.ZipFile(wheel).infolist()
    tops = {entry.filename.split("/")[0] for entry in entries}
    expected = {"yaowen", next(t for t in tops if t.endswith(".dist-info"))}
    check(tops == expected, f"holds more than the package: {sorted(tops)}")
    weights = sum(entry.file_size for entry in entries if "/weights/" in entry.filename)
    check(0 < weights <= MODEL_BYTES, f"the weights take {weights / 2**20:.1f} MB of {MODEL_BYTES / 2**20:.0f}")

    pages = sorted(path for path in Path("examples").iterdir() if path.suffix in (".html", ".txt"))
    for page in pages:
        raw = page.read_bytes().decode("utf-8-sig")  # not read_text: it would translate line ends and move offsets
        record = json.loads(Path("out/json", page.stem + ".json").read_text("utf-8"))
        check(bool(record["events"]), f"{page}: no events")
        wrong = [span for span in record["spans"] if raw[span["start"] : span["end"]] != span["text"]]
        check(not wrong, f"{page}: spans that the page does not say at their offsets: {wrong[:3]}")
    for form, ending in {"table": ".txt", "jsonl": ".jsonl", "json": ".json", "html": ".html"}.items():
        given = sorted(path.name for path in Path("out", form).iterdir())
        check(given == sorted(page.stem + ending for page in pages), f"{form}: gave {given}")
    print(f"wheel: {wheel.name}, {wheel.stat().st_size / 2**20:.1f} MB, read {len(pages)} pages outside the checkout")


if __name__ == "__main__":
    main()
