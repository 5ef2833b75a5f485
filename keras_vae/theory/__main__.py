"""Check the theorems: python -m keras_vae.theory [NAME ...] [--out=FOLDER]"""

import argparse
import pathlib
import sys
import textwrap

from matplotlib.figure import Figure

from keras_vae import plugins
from keras_vae.theory._claims import Claim


def main():
    known = plugins.names("keras_vae.theory")
    parser = argparse.ArgumentParser(prog="python -m keras_vae.theory", description="Check the theorems of the papers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to check, all by default: {', '.join(known)}")
    parser.add_argument("--out", type=pathlib.Path, help="folder to draw the figures in, NAME.png each")
    args = parser.parse_args()
    try:
        modules = {name: plugins.find("keras_vae.theory", name, "theorem") for name in args.names or known}
    except ValueError as error:
        sys.exit(f"error: {error}")
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


def line(claim: Claim):
    """One claim as text."""
    wide = 40
    expected, found = (textwrap.shorten(text, wide, placeholder=" ...") for text in (claim.expected, claim.found))
    return f"  {'holds' if claim.holds else 'FAILS'}  {claim.statement}\n         expected {expected}; found {found}"


def draw(module, path):
    """The module's figure as a file; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(textwrap.fill(module.__doc__.splitlines()[0], 90), fontsize=9)
    module.figure(axes)
    figure.savefig(path, dpi=100)
    return path


if __name__ == "__main__":
    main()
