"""The normalisation rules, one small function each, in the order they run."""

from collections.abc import Callable, Iterator

from yaowen.text.edits import Step

Rule = Callable[[str], Iterator[Step]]
RULES: tuple[Rule, ...] = ()
