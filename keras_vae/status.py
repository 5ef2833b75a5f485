"""Status lines for the person who waits, on standard error."""

import contextlib
import sys


def print_status(line):
    """Print one line on standard error, at once."""
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def passing(words):
    """Show words on a terminal for as long as the block takes; a log is not filled with them."""
    shown = sys.stderr.isatty()
    if shown:
        print(words, end="\r", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if shown:
            print(" " * len(words), end="\r", file=sys.stderr, flush=True)


def duration(seconds):
    """Return a time in words: 12 s, 3 min 05 s, 2 h 10 min."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


def roughly(seconds):
    """Return a time in its largest unit: 20 minutes, 3 hours, 2 days, 7 weeks."""
    units = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60}
    # 90 minutes say more than 2 hours, and 36 hours more than 2 days.
    name = next((name for name, size in units.items() if seconds >= 2 * size), "minute")
    count = max(1, round(seconds / units[name]))
    return f"{count:,} {name}{'s' * (count > 1)}"
