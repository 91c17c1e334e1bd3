"""Texts with spans marked in them, for tests: `[OFFICIAL 李强生]主持[TRIGGER:meeting 召开]会议`."""

import re

from yaowen.spans import TaggedSpan

_MARK = re.compile(r"\[([A-Za-z:]+) ([^\]]+)\]")


def marked(source: str) -> tuple[str, list[TaggedSpan]]:
    """The text without marks and its spans."""
    text, spans, cursor = "", [], 0
    for mark in _MARK.finditer(source):
        text += source[cursor : mark.start()]
        spans.append(TaggedSpan(len(text), len(text) + len(mark[2]), mark[1]))
        text += mark[2]
        cursor = mark.end()
    return text + source[cursor:], spans
