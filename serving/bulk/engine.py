"""Engine of bulk work: Ray Data, embedded in this machine or on a cluster.

Ray starts a worker again that died and gives its part to another one; a part's file is there or not, so none is lost
and none is half. What travels through Ray are numbers of parts; pictures and rows go between files and workers.
"""

import contextlib
import logging
import os
import re

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anyone
os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")  # 30 by default, which a busy machine exceeds
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it calls restarts of workers doubtful, which do happen

import ray
import ray.data
import ray.exceptions

from serving.bulk.worker import Worker

STORE_BYTES = 2**27  # of shared memory, embedded: numbers of parts need little
MOST_BLOCKS = 10_000


@contextlib.contextmanager
def started(address):
    """Ray of an address ("auto", host:port or ray://host:port), or for None one of this process, which ends with it."""
    options = {"include_dashboard": False, "object_store_memory": STORE_BYTES} if address is None else {}
    try:
        ray.init(address or "local", log_to_driver=False, logging_level=logging.ERROR, **options)
    except Exception as error:  # a start that takes too long is a bare Exception
        what = "Ray did not start here" if address is None else f"--address: no Ray cluster at {address}"
        raise ConnectionError(f"{what}: {(str(error) or type(error).__name__).splitlines()[0]}") from None
    try:
        yield
    finally:
        ray.shutdown()


def work(out, parts):
    """Do the parts of the plan in `out`, as many at a time as Ray has processors; yields a dict for each.

    See Worker for what is in it; the order is that in which they are finished.
    """
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False  # ours tells of pictures
    processors = max(1, int(ray.cluster_resources().get("CPU", 1)))
    blocks = min(len(parts), MOST_BLOCKS)
    numbers = ray.data.from_items([{"part": part} for part in parts], override_num_blocks=blocks)
    done = numbers.map_batches(
        Worker,
        fn_constructor_args=(str(out),),
        batch_size=1,
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=min(processors, len(parts))),
    )
    try:
        yield from done.iter_rows()
    except ray.exceptions.RayError as error:
        raise RuntimeError(reason(error)) from None


def reason(error):
    """The last line of what went wrong in a worker, without the traces on the way."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]  # Ray's advice may follow it
    return (named or lines or [type(error).__name__])[-1]
