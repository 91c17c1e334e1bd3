"""How one shard of a job is done: extracted, written, and marked as done."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from yaowen.archive.extract import Extractor, extract_pool, pools
from yaowen.archive.job import DONE, Done, Place, Settings, to_json
from yaowen.archive.pages import Page, Problem
from yaowen.archive.shards import UNIT_KEYS, Shard
from yaowen.archive.sinks import Keyed, open_sinks
from yaowen.archive.storage import open_storage, write_bytes

Advance = Callable[[int, int, int], None]  # bytes of input, documents, failures since the last call


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker needs to do shards of a job, wherever it runs: how to load the model, the settings, the place."""

    load: Callable[[], Extractor]
    settings: Settings
    place: Place

    def do(self, extractor: Extractor, shard: Shard, advance: Advance) -> Done:
        """Extract a shard and write it; its files are in their places when this returns, or none is finished."""
        records, flat = (open_storage(place) if place else None for place in (self.place.records, self.place.tables))
        settings, counts = self.settings, _Counts()
        with ExitStack() as stack:
            sinks, files = open_sinks(stack, shard.name, settings.format, records, flat)
            position = shard.first
            for pool in pools(shard.items):
                keyed = counts.count(self._outcomes(extractor, pool), shard.unit * UNIT_KEYS + position)
                for sink in sinks:
                    sink.write(keyed)
                position += len(pool)
                advance(0, len(keyed), len(pool) - len(keyed))
            for sink in sinks:
                sink.close()
            sizes = {name: path.stat().st_size for name, path in files.items()}
        done = Done(
            shard.name, shard.unit, shard.last, shard.size, counts.documents, counts.characters,
            dict(sorted(counts.events.items())), tuple(counts.failures), dict(shard.skipped), sizes,
            shard.notes,
        )  # fmt: skip
        write_bytes(open_storage(self.place.home), f"{DONE}/{shard.name}.json", to_json(asdict(done)))
        advance(shard.size, 0, 0)
        return done

    def _outcomes(self, extractor: Extractor, pool: list[Page | Problem]) -> list[Any]:
        """What became of each item: a document, or a problem."""
        pages = [item for item in pool if isinstance(item, Page)]
        settings = self.settings
        documents = iter(extract_pool(extractor, pages, settings.published, settings.explain) if pages else [])
        outcomes = [next(documents) if isinstance(item, Page) else item for item in pool]
        return [o if isinstance(o, Problem) else o.to_dict(settings.explain) for o in outcomes]


class _Counts:
    """What is told of a shard."""

    def __init__(self) -> None:
        self.documents = self.characters = 0
        self.events: Counter[str] = Counter()
        self.failures: list[dict[str, Any]] = []

    def count(self, outcomes: list[Any], first: int) -> list[Keyed]:
        """The records among the outcomes, with their keys."""
        keyed = []
        for key, outcome in enumerate(outcomes, first):
            if isinstance(outcome, Problem):
                about = {"document": key, "id": outcome.id, "path": outcome.path, "reason": outcome.message}
                self.failures.append(about)
                continue
            keyed.append((key, outcome))
            self.documents += 1
            self.characters += outcome["source"]["length"]
            self.events.update(event["type"] for event in outcome["events"])
        return keyed
