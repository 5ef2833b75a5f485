"""Train a stack of autoencoders: python train.py --dataset=celeb_a --stage=all"""

from keras_vae import cli

if __name__ == "__main__":
    cli.command("train")
