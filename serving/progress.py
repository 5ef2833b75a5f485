"""Progress of long work, of the library and of bulk work: a bar on a terminal, a plain line now and then in a log."""

import sys
import time

from tqdm import tqdm

DELAY = 5.0  # seconds before anything is shown: short work stays silent
EVERY = 30.0  # seconds between two lines of a log


class Progress(tqdm):
    """A tqdm of `total` things, or of those of an iterable; where standard error is no terminal, a line every 30 s.

    unit: the things, in the plural.
    """

    def __init__(self, iterable=None, desc="", total=None, unit="", delay=DELAY, **options):
        super().__init__(iterable, desc, total, unit=f" {unit}", delay=delay, disable=None, **options)
        self._title, self._things, self._first = desc, unit, self.n
        self._began = self._told = time.monotonic()

    def __iter__(self):
        with self:
            for each in self.iterable:
                yield each
                self.update()

    def update(self, n=1):
        """Count n more things as done."""
        if not self.disable:
            return super().update(n)
        self.n += n
        now = time.monotonic()
        if now - self._told >= EVERY:
            self._told = now
            print(self._line(now - self._began), file=sys.stderr, flush=True)

    def _line(self, seconds):
        of = f" of {self.total:,}" if self.total else ""
        words = [f"{self._title}: {self.n:,}{of} {self._things}"]
        if self.total and self.n > self._first:
            words.append(f"{duration((self.total - self.n) * seconds / (self.n - self._first))} left")
        return ", ".join(filter(None, [*words, getattr(self, "postfix", None)]))


def duration(seconds):
    """Return a time in words: 12 s, 3 min 05 s, 2 h 10 min."""
    minutes, seconds = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
