"""How much of the texts a model could read at all."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from yaowen.tagger.folder import ModelFolder
from yaowen.tagger.tagger import CONTEXT
from yaowen.tagger.vocabulary import Vocabulary
from yaowen.tagger.windows import place
from yaowen.text.html import looks_like_html, normalise_html
from yaowen.text.normalise import normalise


def coverage(folder: Path, texts: Iterable[str]) -> dict[str, Any]:
    """Characters given and read, those that the vocabulary lacks, and texts too long for one window; no model is run."""
    model, vocabulary = ModelFolder.load(folder), Vocabulary.load(folder)
    given = read = unknown = windows = cut = 0
    for text in texts:
        page = normalise_html(text) if looks_like_html(text) else normalise(text)
        tokens = vocabulary.encode(page.text)
        own = sum(1 for _ in place([tokens], model.window, min(CONTEXT, model.window // 8)))
        given, read, unknown = given + len(text), read + len(page.text), unknown + tokens.unknown
        windows, cut = windows + own, cut + (own > 1)
    return {
        "characters": given, "characters read": read, "unknown characters": unknown,
        "windows": windows, "documents cut into windows": cut,
    }  # fmt: skip
