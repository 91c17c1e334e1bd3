"""Annotated files from one format into another.

    python -m data.convert IN [IN ...] --out OUT [--from FORMAT] [--to FORMAT] [--labels NAME]

Read: yaowen (our JSON lines), cluener, doccano, label-studio, columns (BIO, BMES, BIOES, CoNLL), cec, brat; the format is
found out where it is not said. Written: yaowen (the default), doccano, label-studio, columns. `--labels` turns the labels
of a public set into ours: a table of model/yaowen/formats/labels.toml.
"""

import argparse
import sys
import warnings
from pathlib import Path

from yaowen.formats import FORMATS, read


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    writers = {f.name: f.write for f in FORMATS.values() if f.write}
    parser.add_argument("files", nargs="+", type=Path, metavar="IN")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--from", dest="source", choices=sorted(FORMATS), default="", help="default: found out")
    parser.add_argument("--to", dest="target", choices=sorted(writers), default="yaowen")
    parser.add_argument("--labels", default="", help="a table of model/yaowen/formats/labels.toml")
    chosen = parser.parse_args()
    warnings.showwarning = lambda message, *_: print(f"note: {message}", file=sys.stderr)
    try:
        documents = [d for path in chosen.files for d in read(path, chosen.source, chosen.labels)]
        writers[chosen.target](documents, chosen.out)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(documents)} documents, {sum(len(d.spans) for d in documents)} spans to {chosen.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
