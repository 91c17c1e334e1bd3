"""One peer in a process of its own: texts as JSON on stdin, spans and seconds as JSON on stdout.

    python eval/peer.py NAME [FOLDER] < texts.json

Stands alone, so that it runs in whatever environment a peer needs. Each peer gives (start, end, PER | LOC | ORG | TIME) in
code points of the text; adjacent words of one kind are joined (3月 + 20日), names excepted where a peer gives whole names.
"""

import json
import os
import sys
import time

# Word classes of the segmenters in terms of the four kinds; the classes are those of each library's documentation.
JIEBA = {"nr": "PER", "nrt": "PER", "nrfg": "PER", "ns": "LOC", "nt": "ORG", "t": "TIME"}
LAC = {"PER": "PER", "nr": "PER", "LOC": "LOC", "ns": "LOC", "ORG": "ORG", "nt": "ORG", "TIME": "TIME", "t": "TIME"}
THULAC = {"np": "PER", "ns": "LOC", "ni": "ORG", "t": "TIME"}
OURS = {"OFFICIAL": "PER", "PERSON": "PER", "LOCATION": "LOC", "ORGANIZATION": "ORG", "DATE": "TIME"}


def joined(words, kinds):
    """Spans of (word, class) pairs that make up a text, runs of one kind as one span."""
    spans: list = []
    at = 0
    for word, tag in words:
        kind = kinds.get(tag)
        if kind:
            if spans and spans[-1][1] == at and spans[-1][2] == kind and kind != "PER":
                spans[-1][1] += len(word)
            else:
                spans.append([at, at + len(word), kind])
        at += len(word)
    return spans


def placed(text, words, kinds):
    """The same for a library that drops white space: words are looked for in order."""
    pieces, at = [], 0
    for word, tag in words:
        found = text.find(word, at)
        if found < 0:
            continue
        pieces += [(text[at:found], ""), (word, tag)]
        at = found + len(word)
    return joined(pieces, kinds)


def jieba(folder):
    import jieba.posseg as posseg

    posseg.dt.tokenizer.initialize()
    return lambda texts: [joined([(p.word, p.flag) for p in posseg.cut(text)], JIEBA) for text in texts]


def lac(folder):
    from LAC import LAC as Model

    model = Model(mode="lac")

    def read(texts):
        results = []
        for text in texts:  # line by line: a whole page at a time exceeds what it was made for
            spans, at = [], 0
            for line in text.split("\n"):
                if line.strip():
                    words, tags = model.run(line)
                    spans += [[a + at, b + at, kind] for a, b, kind in placed(line, list(zip(words, tags)), LAC)]  # noqa: B905 (Python 3.8)
                at += len(line) + 1
            results.append(spans)
        return results

    return read


def thulac(folder):
    import thulac as library

    if not hasattr(time, "clock"):
        time.clock = time.perf_counter  # type: ignore[attr-defined]  # the library is from before Python 3.8
    out, sys.stdout = sys.stdout, sys.stderr  # it prints when it is loaded
    model = library.thulac()
    sys.stdout = out
    return lambda texts: [placed(text, [w[:2] for w in model.cut(text)], THULAC) for text in texts]


def jionlp(folder):
    out, sys.stdout = sys.stdout, sys.stderr
    import jionlp as library

    library.ner.extract_time("2020年2月5日")
    sys.stdout = out

    def read(texts):
        return [[[*item["offset"], "TIME"] for item in library.ner.extract_time(text)] for text in texts]

    return read


def pipeline(folder):
    from transformers import pipeline as make

    model = make("token-classification", model=folder, aggregation_strategy="simple", device="cpu")

    def read(texts):
        lines = [(number, at, line) for number, text in enumerate(texts) for at, line in lines_of(text)]
        answers = model([line for _, _, line in lines], batch_size=16)
        spans: list = [[] for _ in texts]
        for (number, at, _), found in zip(lines, answers):  # noqa: B905
            for item in found:
                if item["entity_group"] in OURS:
                    spans[number].append([at + item["start"], at + item["end"], OURS[item["entity_group"]]])
        return spans

    import torch

    torch.set_num_threads(1)
    return read


def lines_of(text, longest=250):
    """The lines of a text with their places, cut where they exceed what the model reads."""
    at = 0
    for line in text.split("\n"):
        for start in range(0, len(line), longest):
            if line[start : start + longest].strip():
                yield at + start, line[start : start + longest]
        at += len(line) + 1


def yaowen(folder):
    import yaowen as library

    extractor = library.load(folder, threads=1)
    return lambda texts: [
        [[s.start, s.end, OURS[s.label]] for s in document.spans if s.label in OURS]
        for document in extractor.extract_many(texts)
    ]


def yaowen_tagger(folder):
    from pathlib import Path

    from yaowen.tagger.tagger import Tagger
    from yaowen.text.normalise import normalise

    tagger = Tagger.load(Path(folder), threads=1)

    def read(texts):
        pages = [normalise(text) for text in texts]
        return [
            [[*page.raw_span(s.start, s.end), OURS[s.label]] for s in tagging.spans if s.label in OURS]
            for page, tagging in zip(pages, tagger.tag([page.text for page in pages]))  # noqa: B905
        ]

    return read


PEERS = {f.__name__: f for f in (jieba, lac, thulac, jionlp, pipeline, yaowen, yaowen_tagger)}


def main():
    os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")  # before the libraries
    name, folder = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    texts = json.load(sys.stdin)
    start = time.perf_counter()
    read = PEERS[name](folder)
    loaded = time.perf_counter()
    read(texts[:2])
    warm, used = time.perf_counter(), time.process_time()
    spans = read(texts)
    done, used = time.perf_counter(), time.process_time() - used
    # Not ru_maxrss: a new process takes that of its parent over.
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
    print(json.dumps({"spans": spans, "load": loaded - start, "seconds": done - warm, "cpu": used, "peak": peak}))


if __name__ == "__main__":
    main()
