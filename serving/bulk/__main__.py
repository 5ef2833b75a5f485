"""python -m serving.bulk COMMAND: a whole lake of pictures through an exported model, into Parquet files."""

import contextlib
import fcntl
import os
import sys

from serving.bulk import plan
from serving.bulk.plan import Plan, remove_unfinished
from serving.parsing import WRONG_INPUT, Parser, as_path
from serving.progress import Progress

COMMANDS = {
    "encode": "mean and standard deviation of the codes of pictures",
    "score": "ELBO, reconstruction and KL term of pictures, in nats",
    "screen": "how strange pictures are, from 0 to 1",
}
LOCK = ".lock"


def parser():
    """The command line."""
    found = Parser(
        prog="python -m serving.bulk",
        description=__doc__,
        epilog="The same command goes on where it was stopped. "
        "python -m serving.bulk score --export_dir=exports/photos --images=~/lake --out=scores",
    )
    found.add_argument(
        "command", choices=COMMANDS, help="; ".join(f"{name}: {text}" for name, text in COMMANDS.items())
    )
    found.add_argument(
        "--export_dir", required=True, type=as_path, help="folder of exported versions; the newest is taken"
    )
    found.add_argument(
        "--images", required=True, type=as_path, help="folder of PNG and JPEG files, with its folders; or a glob"
    )
    found.add_argument("--out", required=True, type=as_path, help="folder for Parquet files, new or to go on in")
    found.add_argument(
        "--address", help="of a Ray cluster whose machines see the same paths: host:port, ray://host:port or auto"
    )
    return found


@contextlib.contextmanager
def alone_in(out):
    """The folder, made where it is missing, as long as no other command works in it."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out: {out} is a file; expected a folder, new or to go on in")
    out.mkdir(parents=True, exist_ok=True)
    with open(out / LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"--out: another command is at work in {out}") from None
        remove_unfinished(out)
        yield


def requested(args):
    """Return the request of a new Plan; ValueError where there is nothing to do. Nothing is written."""
    # Here, for they take TensorFlow's time to import: --help need not wait.
    from serving.bulk.model import checksum, newest

    if any(args.out.glob("*.parquet")):
        raise ValueError(f"--out: {args.out} has other Parquet files in it; expected a new folder")
    model = newest(os.path.abspath(args.export_dir), args.command)
    if next(plan.find(str(args.images)), None) is None:
        raise ValueError(f"--images: no PNG or JPEG files in {args.images}")
    return {**asked(args), "model": model, "sha256": checksum(model)}


def asked(args):
    """Return what must be the same in each command on one folder."""
    export_dir, images = map(os.path.abspath, (args.export_dir, args.images))
    return {"command": args.command, "export_dir": export_dir, "images": images}


def planned(args, request):
    """The Plan in args.out: that of the command that was stopped there, or a new one of the request."""
    from serving.bulk.model import checksum

    if request and not (args.out / plan.FILE).exists():
        files = Progress(plan.find(str(args.images)), "listing", unit="files", leave=False)
        return plan.write(args.out, request, files)
    old = Plan(args.out)
    for name, value in asked(args).items():
        if old.request[name] != value:
            raise ValueError(f"--out: {args.out} is of {name} {old.request[name]}, not {value}; choose another folder")
    if checksum(old.request["model"]) != old.request.get("sha256"):
        raise ValueError(f"--out: {args.out} was begun with {old.request['model']}, which is gone or has changed")
    return old


def work_off(found, address):
    """Do what is missing of a Plan, with progress; returns how many of the files could not be read."""
    from serving.bulk.worker import unreadable

    missing = found.missing()
    finished = set(range(found.parts)) - set(missing)
    errors = sum(unreadable(found.file(part)) for part in finished)
    done = sum(map(found.size, finished))
    if done:
        print(f"{done:,} of {found.files:,} pictures are finished; going on with version {found.request['model']}")
    if not missing:
        return errors
    from serving.bulk import engine  # here: what checks a plan, or finds it finished, needs no Ray

    bar = Progress(desc=found.request["command"], total=found.files, unit="pictures", initial=done)
    with engine.started(address), bar:
        for result in engine.work(found.out, missing):
            errors += result["errors"]
            bar.set_postfix({"cannot be read": errors}, refresh=False)
            bar.update(result["files"])
    return errors


def main(arguments=None):
    """Runs the command; the exit code is 1 where it fails, 2 where it was not understood."""
    args = parser().parse_args(arguments)
    args.out = args.out.absolute()
    try:
        # Before the folder is made: what cannot be done leaves none behind.
        request = None if (args.out / plan.FILE).exists() else requested(args)
        with alone_in(args.out):
            found = planned(args, request)
            errors = work_off(found, args.address)
    except ModuleNotFoundError as error:
        print(f"error: {error.name} is not installed; pip install 'keras_vae[bulk]'", file=sys.stderr)
        return 1
    except (ValueError, RuntimeError, OSError) as error:
        print("error:", " ".join(str(error).split()), file=sys.stderr)
        return 2 if isinstance(error, WRONG_INPUT) else 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 1
    print(f"{args.out}: {found.files:,} pictures in {found.parts:,} files, {errors:,} could not be read")
    return 0


if __name__ == "__main__":
    sys.exit(main())
