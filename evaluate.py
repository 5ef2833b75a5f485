"""Measure a trained run: python evaluate.py --workdir=W -> W/results.json, W/report.html"""

from keras_vae import cli

if __name__ == "__main__":
    cli.command("evaluate")
