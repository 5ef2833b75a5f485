"""Client's command line: what a served model does, from files to files."""

import contextlib
import io
import json
import sys
import zipfile
import zlib

import numpy as np

from serving import pictures
from serving.parsing import WRONG_INPUT, Parser, as_name, as_path, content, number
from serving.transports.errors import RequestError

# What Python and NumPy raise of a JSON or .npz file that is damaged, or another file.
UNREADABLE = (ValueError, TypeError, KeyError, EOFError, OverflowError, RuntimeError, zipfile.BadZipFile, zlib.error)


def sample(client, args):
    """Pictures from the prior."""
    return {"images": client.sample(args.count, args.seed, args.temperature, args.png)}


def encode(client, args):
    """Mean and standard deviation of the codes of pictures."""
    return dict(zip(("mean", "stddev"), client.encode(read_files(args.files))))


def decode(client, args):
    """Pictures of codes: the array `mean` or `codes` of an .npz or .json file."""
    return {"images": client.decode(read_codes(args.file), args.png)}


def reconstruct(client, args):
    """Pictures as the model sees them, and the squared error of each."""
    images, squared_error = client.reconstruct(read_files(args.files), args.png)
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


def read_files(paths):
    """The bytes of PNG and JPEG files."""
    return [content(path, "a PNG or JPEG file", rb"\A(\x89PNG|\xff\xd8\xff)") for path in paths]


def read_codes(path):
    """Codes (n, latent_dim) out of what `encode` wrote."""
    expected = "an .npz or .json file with an array codes or mean, finite numbers (n, latent_dim)"
    file, found = content(path, expected), {}
    with contextlib.suppress(*UNREADABLE):
        found = dict(json.loads(file) if path.suffix.lower() == ".json" else np.load(io.BytesIO(file)))
        codes = np.asarray(found["codes"] if "codes" in found else found["mean"], np.float32)
        if codes.ndim == 2 and np.isfinite(codes).all():
            return codes
    raise ValueError(f"{path}: expected {expected}; found {', '.join(map(str, found)) or 'nothing of that kind'}")


def png_bytes(result):
    """One picture of all."""
    if result["images"].ndim != 4:
        raise ValueError("--out: a .png file takes pictures; expected .npz or .json here")
    return pictures.to_png(pictures.grid(pictures.to_uint8(result["images"])))


def npz_bytes(result):
    """The arrays, exactly."""
    file = io.BytesIO()
    np.savez_compressed(file, **result)
    return file.getvalue()


def json_bytes(result):
    """The arrays as lists."""
    return (json.dumps(result, indent=1, default=np.ndarray.tolist) + "\n").encode()


PROGRAM = "python -m serving.client"
FORMATS = {".png": png_bytes, ".npz": npz_bytes, ".json": json_bytes}


def described(result):
    """Return in words what was written."""
    parts = [", ".join(f"{name} {np.shape(values)}" for name, values in result.items() if name != "images")]
    if np.ndim(result.get("images")) == 4:
        count, height, width, _ = result["images"].shape
        parts.insert(0, f"{count} picture{'s' * (count != 1)} of {width} by {height}")
    return " and ".join(filter(None, parts))


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
    shared.add_argument("--address", default="http://127.0.0.1:8501", help="http(s)://host:port or grpc(s)://host:port")
    shared.add_argument("--ca_file", type=as_path, help="PEM certificates to trust, instead of the system's")
    shared.add_argument("--model", type=as_name, default="vae", help="name of the model")
    shared.add_argument("--version", type=number(0, 2**63 - 1, int), help="number of a version; the newest by default")
    shared.add_argument("--label", type=as_name, help="label of a version, stable say")
    shared.add_argument("--deadline", type=number(0.001, 1e9), default=30.0, help="seconds, over everything")
    main_parser = Parser(prog=prog, description=__doc__, epilog="%(prog)s sample --count=64 --seed=7 --out=grid.png")
    commands = main_parser.add_subparsers(required=True, metavar="COMMAND")
    for function in (sample, decode, encode, reconstruct, score, screen, status):
        added = commands.add_parser(function.__name__, parents=[shared], help=function.__doc__)
        gives_pictures = function in (sample, decode, reconstruct, screen)
        told = "new .png, .npz or .json file" if gives_pictures else "new .npz or .json file; by default the terminal"
        added.add_argument("--out", type=as_path, required=gives_pictures and function is not screen, help=told)
        added.set_defaults(command=function, kinds=[each for each in FORMATS if gives_pictures or each != ".png"])
        if function in (encode, reconstruct, score, screen):
            added.add_argument("files", nargs="+", type=as_path, help="PNG or JPEG files, of any size")
    commands.choices["decode"].add_argument("file", type=as_path, help=".npz or .json file of encode")
    added = commands.choices["sample"]
    added.add_argument("--count", type=number(1, 10**6, int), default=64, help="how many")
    added.add_argument(
        "--seed", type=number(0, 2**31 - 1, int), default=0, help="the same seed gives the same pictures"
    )
    added.add_argument("--temperature", type=number(0, 1e15), default=1.0, help="below 1: more typical, less varied")
    return main_parser


def main(connect, arguments=None, prog=PROGRAM):
    """Runs a command with the client that `connect` makes; the exit code: 1 where it fails, 2 for wrong input."""
    args = parser(prog).parse_args(arguments)
    try:
        if args.out is not None:
            checked_output(args.out, args.kinds)
        args.png = args.out is not None and args.out.suffix.lower() == ".png"  # others take the model's own float32
        with connect(args.address, args.model, args.version, args.label, args.deadline, ca_file=args.ca_file) as client:
            result = args.command(client, args)
        if args.out is None and args.command is not screen:
            sys.stdout.buffer.write(json_bytes(result))
        elif args.out is not None:
            written = FORMATS[args.out.suffix.lower()](result)
            with open(args.out, "xb") as file:  # x: nor is a file overwritten that appeared meanwhile
                file.write(written)
            print(f"{args.out}: {described(result)}, {len(written):,} bytes")
    except (RequestError, ValueError, OSError, MemoryError) as error:
        print("error:", " ".join(str(error).split()) or type(error).__name__, file=sys.stderr)  # a line, of several too
        return 2 if isinstance(error, WRONG_INPUT) else 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 1
    return 0
