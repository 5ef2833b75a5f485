"""kill -9 at random moments of an export: never half a version, and the next export is whole.

    python bench/export_kills.py --workdir=RUN [--kills=20]

Half of the moments are drawn from the whole export, half from the time in which its folder is written.
"""

import pathlib
import random
import signal
import sys
import tempfile
import time

import _server
from absl import app, flags

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))  # also of the processes that are forked

from keras_vae import cli  # noqa: E402
from tests.scripts import Script  # noqa: E402


def begin(base):
    """An export in a process of its own, forked from one that has TensorFlow already; it prints beside `base`."""
    return Script(f"{base}.log", "export.py", f"--workdir={flags.FLAGS.workdir}", f"--export_dir={base}")


def drafts(base):
    return set(base.glob(".tmp-*"))


def until_written(process, base, before):
    """Waits for the export's folder to appear."""
    while process.status is None and drafts(base) <= before:
        time.sleep(0.005)


def files(version):
    """{path in it: size} of a version."""
    return {str(path.relative_to(version)): path.stat().st_size for path in version.rglob("*") if path.is_file()}


def main(_):
    chance = random.Random(flags.FLAGS.seed)
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder) / "export"
        begin(base).wait()  # starts the process that others are forked from
        start, process = time.monotonic(), begin(base)
        until_written(process, base, set())
        draft_s = time.monotonic() - start
        code, output = process.wait()
        if code:
            raise SystemExit(f"the export fails even if it is left alone:\n{output}")
        whole_s, whole = time.monotonic() - start, files(base / "1").keys()
        print(f"an export takes {whole_s:.1f} s, its folder is there after {draft_s:.1f} s", flush=True)
        kill = 0  # that hit an export: some have ended before their moment
        while kill < flags.FLAGS.kills:
            before, process = drafts(base), begin(base)
            if kill % 2:
                until_written(process, base, before)
            time.sleep(chance.uniform(0, whole_s - draft_s if kill % 2 else whole_s))
            if process.status is None:
                process.send(signal.SIGKILL)
            code, output = process.wait()
            if code not in (0, -signal.SIGKILL):
                raise SystemExit(f"an export failed by itself:\n{output}")
            versions = sorted(
                (path for path in base.iterdir() if path.name.isdecimal()), key=lambda each: int(each.name)
            )
            broken = [path.name for path in versions if files(path).keys() != whole]
            kill += code == -signal.SIGKILL
            print(f"kill {kill}: exit {code}, versions {len(versions)}, drafts {len(drafts(base))}", flush=True)
            if broken:
                raise SystemExit(f"half versions: {broken}")
        if begin(base).wait()[0] or drafts(base):
            raise SystemExit(f"the export after the kills failed, or left {drafts(base)}")
        with _server.server(base) as (_, _, port):
            print(f"version {_server.newest_available(port)} serves, and no draft is left")


if __name__ == "__main__":
    # Not above: the process that the exports are forked from imports this file, and export.py has a --workdir too.
    cli.DEFINE_path("workdir", None, "A trained run.", required=True)
    flags.DEFINE_integer("kills", 20, "How often.")
    flags.DEFINE_integer("seed", 0, "Of the moments.")
    app.run(main, flags_parser=cli.parse)
