"""Spans to people and events."""

from yaowen.assemble.arguments import ArgumentModel
from yaowen.assemble.assembler import Assembly, Filler, FoundEvent, assemble
from yaowen.assemble.counts import without_counts_of_none
from yaowen.assemble.mentions import complete_mentions
from yaowen.assemble.roster import Entry

__all__ = [
    "ArgumentModel", "Assembly", "Entry", "Filler", "FoundEvent", "assemble", "complete_mentions", "without_counts_of_none",
]  # fmt: skip
