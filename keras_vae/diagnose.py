"""python -m keras_vae.diagnose: the same as keras-vae diagnose. Not to be imported: kv.diagnose is the function."""

from keras_vae import cli

if __name__ == "__main__":
    cli.command("diagnose")
