"""Train a stack of autoencoders: python train.py --dataset=celeb_a --stage=all"""

import sys

from absl import flags

from keras_vae import cli

flags.DEFINE_string("dataset", "faces", "Data set: a file of keras_vae/data/sets.")
flags.DEFINE_string("preset", None, "Preset: a file of keras_vae/presets. The data set names its own.")
flags.DEFINE_bool("quick", False, "The preset's variant for two CPU cores.")
flags.DEFINE_string("stage", "all", "Stage to train, by name, or all.")
cli.DEFINE_path("workdir", None, "Run directory; runs/DATASET-PRESET by default. An unfinished run in it goes on.")
cli.DEFINE_path("data_dir", None, "Where the data lie: the folder of TFDS, or the images of --dataset=folder.")
cli.DEFINE_path("cache_dir", None, cli.CACHE_DIR)
flags.DEFINE_string("image_size", None, "HxW, or one number for squares.")
flags.DEFINE_bool("skip_bad_files", False, "Leave out unreadable images, and odd sizes, of --dataset=folder.")
flags.DEFINE_multi_string("set", [], "Override a number of the preset, e.g. --set vae.epochs=10; may be repeated.")
flags.DEFINE_string("strategy", None, "auto, single, mirrored or multi_worker.")
flags.DEFINE_integer("workers", 1, "Processes on this machine that share each batch; docs/distributed.md has clusters.")
flags.DEFINE_bool("deterministic", True, "On GPUs, only operations that give the same bits each time; slower.")
flags.DEFINE_integer("seed", None, "Seed of initial weights, noise and the order of examples.")


def main(_):
    import tensorflow as tf  # which --help does not wait for

    from keras_vae import train
    from keras_vae.training import local_workers

    args = flags.FLAGS
    workdir = args.workdir or cli.default_workdir(args)
    if args.workers > 1:
        sys.exit(local_workers.start(args.workers, [*sys.argv, "--workers=1"], workdir))
    if args.deterministic and tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()  # without it a resumed run ends near the uninterrupted one
    train(cli.configuration(args), workdir, args.stage)
    print(f"trained: {workdir}")


if __name__ == "__main__":
    cli.run(main)
