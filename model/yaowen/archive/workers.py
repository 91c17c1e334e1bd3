"""The shards of a job done by processes of this machine, each with a model of its own and its threads pinned."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final

from yaowen.archive.extract import Extractor, NoModel
from yaowen.archive.shards import Shard
from yaowen.archive.work import Advance, Work

ATTEMPTS: Final = 3  # at a shard whose worker is killed, before it is given up
# What the libraries below us read for the number of their threads.
_THREADS: Final = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def run_here(work: Work, shards: Iterator[Shard], advance: Advance) -> None:
    """Do the shards in this process; the model is loaded for the first. Raises `NoModel`."""
    extractor: Extractor | None = None
    for shard in shards:
        extractor = extractor or load(work)
        work.do(extractor, shard, advance)


def load(work: Work) -> Extractor:
    """The extractor of a job. Raises `NoModel`."""
    try:
        return work.load()
    except (ValueError, OSError, ImportError) as error:
        raise NoModel(str(error)) from error


@dataclass(slots=True)
class _Worker:
    """A process, the pipe to it, and the shard it has, which is sent when it is ready for it."""

    process: BaseProcess
    pipe: Connection
    shard: Shard | None
    ready: bool = False


def run_workers(work: Work, shards: Iterator[Shard], workers: int, advance: Advance, lost: Callable[[str], None]) -> None:
    """Do the shards in up to so many processes; `lost` is told of a shard whose worker was killed time and again.

    At most one shard more than there are workers is in memory. Raises `NoModel`, and `OSError` where a worker cannot write.
    """
    pool = _Pool(work, workers, advance, lost)
    try:
        shard = next(shards, None)
        while shard is not None or pool.busy:
            retry = pool.retries.pop() if pool.retries else None
            if (retry or shard) is not None and pool.give(retry or shard):
                shard = shard if retry else next(shards, None)
                continue
            if retry is not None:
                pool.retries.append(retry)
            pool.listen()
    finally:
        pool.close()


class _Pool:
    def __init__(self, work: Work, size: int, advance: Advance, lost: Callable[[str], None]) -> None:
        self._work, self._size, self._advance, self._lost = work, size, advance, lost
        self._workers: list[_Worker] = []
        self._attempts: Counter[str] = Counter()
        self.retries: list[Shard] = []

    @property
    def busy(self) -> bool:
        return bool(self.retries) or any(worker.shard is not None for worker in self._workers)

    def give(self, shard: Shard | None) -> bool:
        """Give a shard to a worker that has none, a new one if there may be more; False where all have one."""
        for worker in self._workers:
            if worker.shard is None:
                worker.shard = shard
                self._send(worker)
                return True
        if len(self._workers) < self._size:
            self._workers.append(_start(self._work, shard))
            return True
        return False

    def listen(self) -> None:
        """Wait for word from workers and act on it."""
        by_pipe: dict[Any, _Worker] = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(by_pipe)):
            worker = by_pipe[pipe]
            try:
                kind, *told = worker.pipe.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            if kind == "advance":
                self._advance(*told)
            elif kind == "ready":
                worker.ready = True
                self._send(worker)
            elif kind == "done":
                worker.shard = None
            elif kind == "no model":
                raise NoModel(*told)
            else:
                raise OSError(*told)

    def _send(self, worker: _Worker) -> None:
        if worker.ready:
            with suppress(OSError):  # it was killed meanwhile: listening will find out
                worker.pipe.send(worker.shard)

    def _bury(self, worker: _Worker) -> None:
        """A worker is gone: its shard is for another, unless it was the end of several."""
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join()
        if worker.shard is None:
            return
        name = worker.shard.name
        self._attempts[name] += 1
        if self._attempts[name] < ATTEMPTS:
            self.retries.append(worker.shard)
            return
        paths = [item.path or item.id for item in worker.shard.items]
        holds = f"{paths[0]} to {paths[-1]}" if paths else "no document"
        self._lost(
            f"shard {name} ({holds}): the process that read it ended {ATTEMPTS} times, last with status"
            f" {worker.process.exitcode}. It may want more memory than there is: try fewer --workers, then --resume."
        )

    def close(self) -> None:
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()


def _start(work: Work, shard: Shard | None) -> _Worker:
    context = get_context("spawn")  # a fork of a process with threads can hang
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work), daemon=True)
    with _pinned(work.settings.threads):
        process.start()
    theirs.close()
    return _Worker(process, ours, shard)


@contextmanager
def _pinned(threads: int) -> Iterator[None]:
    """Processes that are started meanwhile use so many threads in libraries that ask the environment."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(pipe: Connection, work: Work) -> None:
    """What a worker does: load the model once, then shard after shard."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        extractor = load(work)
    except NoModel as error:
        pipe.send(("no model", str(error)))
        return
    pipe.send(("ready",))
    while True:
        try:
            work.do(extractor, pipe.recv(), lambda *told: pipe.send(("advance", *told)))
        except EOFError:
            return
        except OSError as error:
            pipe.send(("cannot write", error.errno, error.strerror or str(error), error.filename and str(error.filename)))
            return
        pipe.send(("done",))


def _die_with_parent() -> None:
    """A job that is killed leaves no process behind that goes on writing."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
