"""Unlabelled official text as one array of character ids a source, for pretraining.

A source is a `.txt` or `.txt.xz` file: one paragraph a line, an empty line between documents. Characters are tokens, one
code point each, after NFKC, lower-casing and removal of white space; `[CLS]` begins a document, `[SEP]` ends a line.
"""

import hashlib
import lzma
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

PAD, UNK, CLS, SEP, MASK = range(5)
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CHUNK_CHARACTERS = 1 << 20


def read_vocabulary(path: Path) -> list[str]:
    """The tokens of a `vocab.txt`, whose first five are the special tokens.

    Raises `ValueError` where they are not.
    """
    tokens = path.read_text("utf-8").split("\n")
    tokens = tokens[:-1] if tokens[-1] == "" else tokens
    if tuple(tokens[:5]) != SPECIAL_TOKENS:
        raise ValueError(f"{path}: the first five lines must be {' '.join(SPECIAL_TOKENS)}, found {tokens[:5]}")
    return tokens


def build_vocabulary(sources: Sequence[Path], min_count: int = 5) -> list[str]:
    """Special tokens, then every character seen at least `min_count` times, by falling frequency."""
    counts = np.zeros(0x110000, np.int64)
    for source in sources:
        for chunk in _normalised_chunks(source):
            counts += np.bincount(_code_points(chunk), minlength=len(counts))
    counts[[0, ord("\n"), 0xE000]] = 0
    order = np.argsort(-counts, kind="stable")
    return [*SPECIAL_TOKENS, *(chr(c) for c in order[: int((counts >= min_count).sum())])]


def token_array(source: Path, vocabulary: Sequence[str], cache: Path | None = None) -> np.ndarray:
    """Character ids of a source, uint16 (tokens,); kept in the folder `cache` under the digest of text and vocabulary.

    A `.npy` file holds them already. Raises `ValueError` where it holds something else, or ids beyond the vocabulary.
    """
    if source.suffix == ".npy":
        array = np.load(source, mmap_mode="r")
        if array.dtype != np.uint16 or array.ndim != 1 or not len(array) or int(array.max()) >= len(vocabulary):
            raise ValueError(f"{source}: expected uint16 (tokens,) of a vocabulary of {len(vocabulary)}")
        return array
    text = hashlib.sha256(source.read_bytes()).hexdigest()
    return cached(cache, source.name.split(".")[0], (text, vocabulary), lambda: _tokens(source, vocabulary))


def cached(cache: Path | None, name: str, made_of: object, make: Callable[[], np.ndarray]) -> np.ndarray:
    """What `make` gives; kept as `cache`/name-DIGEST.npy, the digest that of the `repr` of all it is `made_of`."""
    path = cache / f"{name}-{hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]}.npy" if cache else None
    if path is None:
        return make()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npy")
        np.save(partial, make())
        partial.replace(path)
    return np.load(path, mmap_mode="r")


def _tokens(source: Path, vocabulary: Sequence[str]) -> np.ndarray:
    table = np.full(0x110000, UNK, np.uint16)
    for index, token in enumerate(vocabulary[5:], 5):
        table[ord(token)] = index
    table[ord("\n")], table[0xE000] = SEP, CLS
    return np.concatenate([table[_code_points(chunk)] for chunk in _normalised_chunks(source)])


def _normalised_chunks(source: Path) -> Iterator[str]:
    """Text of about a million characters at a time; U+E000 (private use) marks the start of a document."""
    opened = lzma.open if source.suffix == ".xz" else open
    lines, size, fresh = [], 0, True
    with opened(source, "rt", encoding="utf-8") as stream:  # type: ignore[operator]
        for line in stream:
            text = "".join(unicodedata.normalize("NFKC", line).lower().split())
            if not text:
                fresh = True
                continue
            lines.append(f"\ue000{text}\n" if fresh else f"{text}\n")
            fresh = False
            size += len(text)
            if size > CHUNK_CHARACTERS:
                yield "".join(lines)
                lines, size = [], 0
    if lines:
        yield "".join(lines)


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
