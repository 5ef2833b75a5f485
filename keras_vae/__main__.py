"""python -m keras_vae COMMAND: the same as keras-vae COMMAND."""

from keras_vae import cli

if __name__ == "__main__":
    cli.main()
