"""Collects the files of a directory that cannot be used, to name them all at once."""

import warnings

NAMED = 5


class BadFiles:
    """Files under `root` that cannot be used: an error, or with `skip` a warning."""

    def __init__(self, root, skip):
        self.root = root
        self.skip = skip
        self.problems = []
        self.mixed_sizes = False

    def add(self, path, problem, another_size=False):
        self.problems.append(f"{path.relative_to(self.root)} {problem}")
        self.mixed_sizes |= another_size

    def report(self):
        """Raises ValueError, or warns, about the files added since the last report."""
        if not self.problems:
            return
        count, named = len(self.problems), "; ".join(self.problems[:NAMED])
        more = f"; and {count - NAMED} more" if count > NAMED else ""
        files = f"{count} image file{'s' if count > 1 else ''} in {self.root}"
        self.problems = []
        if self.skip:
            warnings.warn(f"skipped {files}: {named}{more}", stacklevel=3)
            return
        hint = "--skip_bad_files leaves such files out"
        if self.mixed_sizes:
            hint += "; --image_size=HxW brings all images to one size"
        raise ValueError(f"cannot use {files}: {named}{more}. {hint}")
