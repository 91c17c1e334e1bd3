"""Spans to people and events."""

from yaowen.assemble.arguments import ArgumentModel
from yaowen.assemble.assembler import Assembly, Filler, FoundEvent, assemble
from yaowen.assemble.mentions import complete_mentions
from yaowen.assemble.roster import Entry
from yaowen.assemble.untrue import without_untrue

__all__ = [
    "ArgumentModel", "Assembly", "Entry", "Filler", "FoundEvent", "assemble", "complete_mentions", "without_untrue",
]  # fmt: skip
