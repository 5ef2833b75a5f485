"""Repeat the tables and figures of the papers: python reproduce.py --list, NAME ... or all, --quick"""

from keras_vae import cli

if __name__ == "__main__":
    cli.command("reproduce")
