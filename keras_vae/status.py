"""Status lines for the person who waits, on standard error."""

import contextlib
import sys
import threading

from serving.progress import DELAY, Progress, duration

# Progress is there, for bulk work has it too, and serving imports nothing of keras_vae.
__all__ = ["Progress", "duration", "passing", "print_status", "roughly"]


def print_status(line):
    """Print one line on standard error, at once."""
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def passing(words):
    """Show words on a terminal for as long as the block takes; in a log, as a line once it takes long."""
    shown, late = sys.stderr.isatty(), threading.Timer(DELAY, print_status, [words])
    if shown:
        print(words, end="\r", file=sys.stderr, flush=True)
    else:
        late.daemon = True  # it outlives no process
        late.start()
    try:
        yield
    finally:
        late.cancel()
        if shown:
            print(" " * len(words), end="\r", file=sys.stderr, flush=True)


def roughly(seconds):
    """Return a time in its largest unit: 20 minutes, 3 hours, 2 days, 7 weeks."""
    units = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60}
    # 90 minutes say more than 2 hours, and 36 hours more than 2 days.
    name = next((name for name, size in units.items() if seconds >= 2 * size), "minute")
    count = max(1, round(seconds / units[name]))
    return f"{count:,} {name}{'s' * (count > 1)}"
