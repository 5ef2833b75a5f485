"""Export a trained run for TensorFlow Serving: python export.py --workdir=W --export_dir=E -> E/<version>/"""

from keras_vae import cli

if __name__ == "__main__":
    cli.command("export")
