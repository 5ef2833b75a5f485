"""Read ahead in several threads, but not without bound: what waits is in memory."""

import concurrent.futures
import typing
from collections.abc import Callable

THREADS = 4  # that read


def bounded(pool: concurrent.futures.Executor, function: Callable, items: typing.Iterable, ahead: int = 2 * THREADS):
    """Yield function(item) of the items in order, like pool.map, but with at most `ahead` of them begun or waiting."""
    waiting: list[concurrent.futures.Future] = []
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= ahead:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
    finally:
        for future in waiting:
            future.cancel()
