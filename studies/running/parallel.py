"""Tasks spread over worker processes of one thread each; results come back as they finish."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext
from multiprocessing.managers import SyncManager
from typing import Any, TypeVar

from studies import user_study
from studies.user_study import UserStudy

T = TypeVar("T")

# Any of them: the end of one ends the others.
DIED = "a worker process died (killed, or out of memory); the same command continues from here"
PRELOAD = ["studies.running.run"]  # with PyTorch: seconds of a core that all workers so pay together


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_workers(device: str, tasks: int | None = None) -> int:
    """One worker a core on the CPU (small networks gain nothing from threads), one in all on a GPU; no more than
    there are tasks."""
    workers = available_cores() if device == "cpu" else 1
    return workers if tasks is None else max(1, min(tasks, workers))


def start_worker() -> None:
    """What every worker does first: one thread, so that results do not depend on the number of cores; and it ends
    at once when the user interrupts or when the process that started it has gone, however that ended."""
    import torch

    from supernet.fast.memory import keep_freed_memory

    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # see `context`
    end_with_parent()
    torch.set_num_threads(1)
    with suppress(RuntimeError):  # already set, in a process that has computed before
        torch.set_num_interop_threads(1)


def _start_worker(files: tuple[UserStudy, ...]) -> None:
    """A worker knows the study files that the process which started it has run, and the classes in them."""
    start_worker()
    user_study.load_all(files)


def end_with_parent() -> None:
    """From now on this process ends at once when the process that started it has gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if not parent.is_alive():
        os._exit(1)

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _start_messages() -> None:
    """What the process of the messages does first. It is silent: if what it was forked from is killed, this process
    takes it for gone and may remove its folder before it has closed its socket there."""
    end_with_parent()
    sys.stderr = io.StringIO()


class Messages:
    """A queue in a process of its own. A task that gets it connects with the first message: a failure is one of
    sending, not one of receiving the task, which nothing could catch."""

    def __init__(self, queue: Any) -> None:
        self.queue: Any = queue

    def put(self, message: Any) -> None:
        if isinstance(self.queue, bytes):
            self.queue = pickle.loads(self.queue)
        self.queue.put(message)

    def get(self) -> Any:
        return self.queue.get()

    def __getstate__(self) -> dict[str, Any]:
        return {"queue": self.queue if isinstance(self.queue, bytes) else pickle.dumps(self.queue)}


@contextmanager
def message_queue() -> Iterator[Messages]:
    """A queue that tasks can be given, to send messages to this process while they are done. A process of its own has
    it, so that a worker killed while it sends does no harm; that process ends with this one, however this one ends."""
    manager = SyncManager(ctx=context())
    try:
        manager.start(_start_messages)
        messages = Messages(manager.Queue())
    except (EOFError, ConnectionError):
        raise OSError(DIED) from None
    with manager:
        yield messages


def send(messages: Any, message: Any) -> None:
    """Put a message into such a queue. OSError if the process that has it died."""
    try:
        messages.put(message)
    except (EOFError, ConnectionError, FileNotFoundError):
        raise OSError(DIED) from None


def context() -> BaseContext:
    """Processes are forked from one that has imported what they need and has computed nothing, nor asked for a GPU: a
    fork of this one would inherit its threads, and without a fork each would import PyTorch anew.

    An interrupt from the terminal reaches that one too; it waits there, or it would be told in the midst of imports."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(PRELOAD)
    resource_tracker.ensure_running()  # or it would be started below, which lets interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return made


def run_tasks(
    function: Callable[..., T],
    tasks: Sequence[tuple[Any, ...]],
    workers: int,
    then: Callable[[int, T], Sequence[tuple[Any, ...]]] = lambda position, result: (),
) -> Iterator[tuple[int, T]]:
    """Yields (position, function(*task)) as tasks finish, in new processes that share nothing.

    then(position, result) gives tasks to be done next because of a result; they count on from the last position.
    Few tasks are queued ahead, so an error stops soon; the error of a task is raised here, and OSError if a worker
    died. An interrupt, or an exit of this process, ends the workers at once.
    """
    files = (user_study.loaded(),)
    with ProcessPoolExecutor(workers, context(), initializer=_start_worker, initargs=files) as pool:
        todo = deque(enumerate(tasks))
        count = len(tasks)
        running: dict[Future[T], int] = {}
        try:
            while True:
                while len(running) < 2 * workers and todo:
                    position, task = todo.popleft()
                    running[pool.submit(function, *task)] = position
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    position, result = running.pop(future), future.result()
                    more = list(enumerate(then(position, result), count))
                    count += len(more)
                    todo.extendleft(reversed(more))
                    yield position, result
        except BrokenProcessPool:
            raise OSError(DIED) from None
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            # On a terminal the workers have had the interrupt too, but it may be for this process alone; a job of a
            # cluster that is queued again leaves by SystemExit. Or whoever takes the results has had enough.
            for process in list(pool._processes.values()):
                process.kill()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
