"""The same job on a Ray cluster: units are read by tasks, shards done by actors that each load the model once.

A task or actor that is lost is run again by Ray. That does no harm: a shard's files are the same whoever writes them, and
each appears whole, so that the second writing changes nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from yaowen.archive.extract import NoModel
from yaowen.archive.job import Finished
from yaowen.archive.pages import Found, Problem
from yaowen.archive.run import Listener, pending
from yaowen.archive.shards import Shard, Unit
from yaowen.archive.work import Work
from yaowen.archive.workers import load

READER_SHARE: Final = 0.25  # of a processor that a task which reads is counted as: it waits for disks most of the time

Row = dict[str, Any]


def run_ray(
    work: Work, units: Iterator[Unit], finished: Finished, workers: int, address: str | None, listener: Listener
) -> None:
    """Do what is not done. All machines must see the inputs and the output under the same names.

    `workers`: actors, 0 for one a processor (with torch and GPUs in the cluster, one a GPU); `address` None: the cluster
    that this machine is part of or, if it is of none, one on this machine alone. Raises `NoModel`, and `ValueError` where
    Ray is missing, cannot be reached, or gives the job up.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ValueError(f"--engine ray needs Ray ({error}): pip install 'yaowen[ray]'.") from error
    ours = not ray.is_initialized()
    if ours:
        _connect(ray, address)
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.target_max_block_size = 1  # every shard is a block of its own, and goes to whatever actor is free
        rows = []
        for unit in units:
            if unit.number in finished.units:
                listener.advance(unit.size, 0, 0)
            else:
                rows.append({"unit": _packed(unit)})
        if not rows:
            return
        blocks = ray.data.from_items(rows, override_num_blocks=len(rows))
        read_unit: Any = _read_unit  # Ray's types know no generator of rows
        do: Any = _DoShard  # and no class
        actors, share, gpus = _actors(ray, workers, work.settings.backend)
        compute = ray.data.ActorPoolStrategy(size=actors)
        shards = blocks.flat_map(read_unit, fn_args=(work, finished), num_cpus=READER_SHARE)
        done = shards.map(do, fn_constructor_args=(work,), compute=compute, num_cpus=share, num_gpus=gpus)
        for row in done.iter_rows():
            if row["no_model"]:
                raise NoModel(row["no_model"])
            listener.advance(row["size"], row["documents"], row["failures"])
    except ray.exceptions.RayError as error:
        told = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise ValueError(
            f"the cluster gave the job up: {told}. What is finished stays; --resume goes on from it."
        ) from error
    finally:
        if ours:
            ray.shutdown()


def _connect(ray: Any, address: str | None) -> None:
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ValueError(f"--address {address}: cannot reach a Ray cluster there ({error}). Check `ray status`.") from error


def _actors(ray: Any, wanted: int, backend: str) -> tuple[int, float, int]:
    """How many actors, and the share of processors and the GPUs that each is counted as.

    On every machine a processor is left to the tasks that read: if actors took all, nothing would be read, for ever.
    """
    resources = ray.cluster_resources()
    gpus = int(resources.get("GPU", 0)) if backend == "torch" else 0
    machines = sum(bool(node["Alive"]) for node in ray.nodes())
    free = max(0.5, resources.get("CPU", 1) - machines)
    actors = wanted or gpus or max(1, int(free))
    return actors, min(1.0, int(100 * free / actors) / 100), 1 if gpus else 0


def _packed(unit: Unit) -> str:
    files = [(type(file).__name__, asdict(file) | _path(file)) for file in unit.files]
    return json.dumps([unit.number, files])


def _path(file: Found | Problem) -> dict[str, str | None]:
    return {"path": str(file.path) if file.path is not None else None}


def _unpacked(text: str) -> Unit:
    from pathlib import Path

    number, files = json.loads(text)
    read: list[Found | Problem] = []
    for kind, fields in files:
        if kind == "Problem":
            read.append(Problem(**fields))
        else:
            read.append(Found(**(fields | {"path": Path(fields["path"]) if fields["path"] else None})))
    return Unit(number, tuple(read))


def _read_unit(row: Row, work: Work, finished: Finished) -> Iterator[Row]:
    """The shards of a unit that are not done, as text to send."""
    for shard in pending(iter([_unpacked(row["unit"])]), work, finished, lambda *told: None):
        yield {"shard": shard.to_json()}


class _DoShard:
    """Does shards; a model that cannot be loaded is told with the first one, for an actor that fails is started again."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._no_model = ""
        try:
            self._extractor = load(work)
        except NoModel as error:
            self._no_model = str(error)

    def __call__(self, row: Row) -> Row:
        told = {"no_model": self._no_model, "size": 0, "documents": 0, "failures": 0}
        if self._no_model:
            return told
        done = self._work.do(self._extractor, Shard.from_json(row["shard"]), lambda *told: None)
        return told | {"size": done.size, "documents": done.documents, "failures": len(done.failures)}
