"""Measure a trained run: python evaluate.py --workdir=W -> W/results.json, W/report.html"""

from absl import flags

from keras_vae import cli

cli.DEFINE_path("workdir", None, "Run directory of a trained stack.", required=True)
flags.DEFINE_list("metrics", None, "Parts to measure: files of keras_vae/evaluation/parts; all by default.")
flags.DEFINE_integer("count", 2000, "Test images and samples, at most.", lower_bound=16)
flags.DEFINE_integer("seed", 0, "Of samples, draws and clusters.")
flags.DEFINE_string("features", "pixels", "Features of the Frechet distance: a file of keras_vae/metrics/features.")
cli.DEFINE_path("feature_path", None, "Local file of their weights, where they need one.")
flags.DEFINE_string("outliers", None, "A data set whose test images the scores should find strange.")
cli.DEFINE_path("outlier_dir", None, "Where these lie, if not where the data of the run do.")
cli.DEFINE_path("data_dir", None, "Where the data lie, if not where they lay when the run was trained.")
cli.DEFINE_path("cache_dir", None, cli.CACHE_DIR)
PROTOCOL = ("count", "seed", "features", "feature_path", "outliers", "outlier_dir")


def main(_):
    from keras_vae import evaluate, report  # TensorFlow, which --help does not wait for

    args = flags.FLAGS
    options = {name: getattr(args, name) for name in PROTOCOL}
    evaluate(args.workdir, args.metrics, args.data_dir, args.cache_dir, **options)
    print(f"measured: {report.write(args.workdir)}")


if __name__ == "__main__":
    cli.run(main)
