"""Check the theorems: python -m keras_vae.theory [NAME ...] [--out=FOLDER]"""

import argparse
import sys
import textwrap
import typing

from keras_vae import _quiet, plugins
from keras_vae.files import as_folder

if typing.TYPE_CHECKING:
    from keras_vae.theory._claims import Claim


def main():
    """Check the named theorems, print their claims; the exit code is 1 where one does not hold, 2 for wrong input."""
    known = plugins.names("keras_vae.theory")
    parser = argparse.ArgumentParser(prog="python -m keras_vae.theory", description="Check the theorems of the papers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to check, all by default: {', '.join(known)}")
    parser.add_argument("--out", type=_folder, help="folder to draw the figures in, NAME.png each")
    args = parser.parse_args()
    if unknown := [name for name in args.names if name not in known]:
        nearest = plugins.nearest(unknown[0], known)
        parser.error(f"unknown theorem {unknown[0]!r}; known: {', '.join(known)}{nearest}")
    _quiet.import_tensorflow()
    modules = {name: plugins.find("keras_vae.theory", name, "theorem") for name in args.names or known}
    claims = []
    for name, module in modules.items():
        found = module.check()
        print("\n".join([f"{name}: {module.__doc__.splitlines()[0]}", *map(line, found)]), flush=True)
        if args.out and hasattr(module, "figure"):
            print(f"  figure: {draw(module, args.out / f'{name}.png')}")
        print()
        claims += found
    failed = sum(not claim.holds for claim in claims)
    print(f"{len(claims) - failed} of {len(claims)} claims hold")
    sys.exit(1 if failed else 0)


def line(claim: "Claim") -> str:
    """Return one claim as text."""
    wide = 40
    expected, found = (textwrap.shorten(text, wide, placeholder=" ...") for text in (claim.expected, claim.found))
    return f"  {'holds' if claim.holds else 'FAILS'}  {claim.statement}\n         expected {expected}; found {found}"


def _folder(text):
    try:
        return as_folder(text, "--out")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def draw(module, path):
    """Draw the figure of a module at `path`; returns it."""
    from matplotlib.figure import Figure

    path.parent.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(textwrap.fill(module.__doc__.splitlines()[0], 90), fontsize=9)
    module.figure(axes)
    figure.savefig(path, dpi=100)
    return path


if __name__ == "__main__":
    main()
