"""Client's command line: what a served model does, from files to files."""

import io
import json
import sys
import zipfile
import zlib

import numpy as np

from serving import pictures
from serving.arguments import LARGEST_SEED
from serving.parsing import WRONG_INPUT, Parser, as_name, as_path, content, number, whole
from serving.transports.errors import RequestError

# What Python and NumPy raise of a JSON or .npz file that is damaged, or another file.
UNREADABLE = (ValueError, TypeError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def sample(client, args):
    """Pictures from the prior."""
    return {"images": client.sample(args.count, args.seed, args.temperature, png=wants_picture(args))}


def encode(client, args):
    """Mean and standard deviation of the codes of pictures."""
    return dict(zip(("mean", "stddev"), client.encode(read_files(args.files))))


def decode(client, args):
    """Pictures of codes: the array `mean` or `codes` of an .npz or .json file."""
    return {"images": client.decode(read_codes(args.file), png=wants_picture(args))}


def reconstruct(client, args):
    """Pictures as the model sees them, and the squared error of each."""
    images, squared_error = client.reconstruct(read_files(args.files), png=wants_picture(args))
    return {"images": images, "squared_error": squared_error}


def score(client, args):
    """ELBO, reconstruction and KL term of pictures, in nats."""
    return client.score(read_files(args.files))


def screen(client, args):
    """Print how strange pictures are, from 0 to 1; --out takes the heat maps of where."""
    found = client.screen(read_files(args.files))
    for place, path in enumerate(args.files):
        kinds = ", ".join(f"{kind} {found[f'strangeness_{kind}'][place]:.3f}" for kind in ("elbo", "reconstruction"))
        print(f"{path}: strangeness {found['strangeness'][place]:.3f} ({kinds})")
    found["images"] = found.pop("heat_maps")
    return found


def status(client, args):
    """The versions of the model and their states."""
    return {"versions": client.status()}


def wants_picture(args):
    """Return True where --out is a PNG; the other kinds take the model's own float32."""
    return args.out.suffix.lower() == ".png"


def read_files(paths):
    """The bytes of PNG and JPEG files."""
    files = [content(path, "a PNG or JPEG file") for path in paths]
    for path, found in zip(paths, files):
        if not found.startswith((b"\x89PNG", b"\xff\xd8\xff")):
            raise ValueError(f"{path}: expected a PNG or JPEG file")
    return files


def read_codes(path):
    """Codes (n, latent_dim) out of what `encode` wrote."""
    expected = "an .npz or .json file with an array called codes or mean"
    file = content(path, expected)
    try:
        found = dict(json.loads(file) if path.suffix.lower() == ".json" else np.load(io.BytesIO(file)))
    except UNREADABLE:
        raise ValueError(f"{path}: expected {expected}") from None
    name = next((each for each in ("codes", "mean") if each in found), None)
    if name is None:
        raise ValueError(f"{path}: no array called codes or mean in it, only {', '.join(found)}")
    try:
        codes = np.asarray(found[name], np.float32)
    except (ValueError, TypeError):  # words, or rows of different lengths
        codes = np.empty(0)
    if codes.ndim != 2 or not np.isfinite(codes).all():
        raise ValueError(f"{path}: {name} in it is no array of finite numbers (n, latent_dim)")
    return codes


def png_bytes(result):
    """One picture of all."""
    if "images" not in result or result["images"].ndim != 4:
        raise ValueError("--out: a .png file takes pictures; expected .npz or .json here")
    return pictures.to_png(pictures.grid(pictures.to_uint8(result["images"])))


def npz_bytes(result):
    """The arrays, exactly."""
    file = io.BytesIO()
    np.savez_compressed(file, **result)
    return file.getvalue()


def json_bytes(result):
    """The arrays as lists."""
    return (json.dumps(result, indent=1, default=lambda array: array.tolist()) + "\n").encode()


PROGRAM = "python -m serving.client"
EXAMPLE = "%(prog)s sample --count=64 --seed=7 --out=grid.png"
FORMATS = {".png": png_bytes, ".npz": npz_bytes, ".json": json_bytes}


def described(result):
    """Return in words what was written."""
    pictures_in, others = result.get("images"), [name for name in result if name != "images"]
    parts = [", ".join(f"{name} {np.shape(result[name])}" for name in others)] if others else []
    if np.ndim(pictures_in) == 4:
        count, height, width, _ = pictures_in.shape
        parts.insert(0, f"{count} picture{'s' * (count != 1)} of {width} by {height}")
    return " and ".join(parts)


def checked_output(path, kinds):
    """--out: a new file, of one of the kinds, in a folder that is there."""
    if path.suffix.lower() not in kinds:
        raise ValueError(f"--out: {path}; expected a file ending in {', '.join(kinds)}")
    if path.exists():
        raise ValueError(f"--out: {path} exists and is not overwritten; choose another name")
    if not path.parent.is_dir():
        raise ValueError(f"--out: {path}: there is no folder {path.parent}; make it, or choose another")


def parser(prog=PROGRAM):
    """The command line of `prog`."""
    shared = Parser(add_help=False)
    shared.add_argument(
        "--address", default="http://127.0.0.1:8501", help="http://host:port or grpc://host:port; https, grpcs"
    )
    shared.add_argument(
        "--ca_file", type=as_path, help="PEM certificates to trust on a secure port; the system's by default"
    )
    shared.add_argument("--model", type=as_name, default="vae", help="name of the model")
    shared.add_argument("--version", type=whole(0, 2**63 - 1), help="number of a version; the newest by default")
    shared.add_argument("--label", type=as_name, help="label of a version, stable say")
    shared.add_argument("--deadline", type=number(0.001, 1e9), default=30.0, help="seconds, over everything")
    main_parser = Parser(prog=prog, description=__doc__, epilog=EXAMPLE)
    commands = main_parser.add_subparsers(required=True, metavar="COMMAND")

    def command(function, gives_pictures=False, prints=True):
        added = commands.add_parser(function.__name__, parents=[shared], help=function.__doc__)
        told = "new .png, .npz or .json file" if gives_pictures else "new .npz or .json file; by default the terminal"
        added.add_argument("--out", type=as_path, required=not prints, help=told)
        added.set_defaults(command=function, kinds=[each for each in FORMATS if gives_pictures or each != ".png"])
        return added

    added = command(sample, gives_pictures=True, prints=False)
    added.add_argument("--count", type=whole(1, 10**6), default=64, help="how many")
    added.add_argument("--seed", type=whole(0, LARGEST_SEED), default=0, help="the same seed gives the same pictures")
    added.add_argument("--temperature", type=number(0, 1e15), default=1.0, help="below 1: more typical, less varied")
    added = command(decode, gives_pictures=True, prints=False)
    added.add_argument("file", type=as_path, help=".npz or .json file of encode")
    of_files = [command(encode), command(reconstruct, gives_pictures=True, prints=False), command(score)]
    for added in (*of_files, command(screen, gives_pictures=True)):
        added.add_argument("files", nargs="+", type=as_path, help="PNG or JPEG files, of any size")
    command(status)
    return main_parser


def main(connect, arguments=None, prog=PROGRAM):
    """Runs a command with the client that `connect` makes; the exit code is 1 where it fails, 2 where it was not
    understood."""
    args = parser(prog).parse_args(arguments)
    try:
        if args.out is not None:
            checked_output(args.out, args.kinds)
        options = {"deadline_s": args.deadline, "ca_file": args.ca_file}
        with connect(args.address, args.model, args.version, args.label, **options) as client:
            result = args.command(client, args)
        if args.out is None and args.command is not screen:
            sys.stdout.buffer.write(json_bytes(result))
        elif args.out is not None:
            written = FORMATS[args.out.suffix.lower()](result)
            with open(args.out, "xb") as file:  # x: nor is a file overwritten that appeared meanwhile
                file.write(written)
            print(f"{args.out}: {described(result)}, {len(written):,} bytes")
    except (RequestError, ValueError, OSError, MemoryError) as error:
        message = " ".join(str(error).split())  # TensorFlow's may have several lines
        print("error:", message or type(error).__name__, file=sys.stderr)
        return 2 if isinstance(error, WRONG_INPUT) else 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 1
    return 0
