"""Repeat the tables and figures of the papers: python reproduce.py --list, NAME ... or all, --quick"""

import pathlib
import sys

from absl import flags

from keras_vae import cli

flags.DEFINE_bool("list", False, "Name the experiments, with the minutes that each adds on two idle CPU cores.")
flags.DEFINE_bool("quick", False, "Minutes instead of hours.")
cli.DEFINE_path("data_dir", None, "Where TFDS keeps prepared data.")
cli.DEFINE_path("workdir", "runs/reproduce", "Where trained stacks, results and figures are kept.")
flags.DEFINE_bool("write_docs", False, "Write docs/results.md and its figures from all results in --workdir.")


def main(argv):
    # TensorFlow and Matplotlib, which --help does not wait for.
    from experiments.common import pages, runner, wording
    from experiments.common.laboratory import Laboratory

    args, workdir = flags.FLAGS, pathlib.Path(flags.FLAGS.workdir)
    names = runner.names() if argv[1:] == ["all"] else argv[1:]
    modules = {name: runner.find(name) for name in names}
    if args.list or not (modules or args.write_docs):
        return listing()
    lab, failed = Laboratory(workdir, args.quick, args.data_dir), {}
    for number, (name, module) in enumerate(modules.items(), start=1):
        print(f"[{number}/{len(modules)}] {name}: {module.TITLE}", flush=True)
        try:
            found = runner.run(module, lab)
        except (ValueError, ArithmeticError, OSError) as error:  # data that are missing here must not stop the others
            failed[name] = f"{name}: {error}"
            continue
        for chart in found["charts"]:
            pages.chart_files(chart, workdir / found["mode"] / f"{name}-{chart['name']}.png")
        print(wording.terminal(found), flush=True)
    if args.write_docs:
        print(f"written: {pages.write(workdir, pathlib.Path('docs'))}")
    if failed:
        sys.exit("\n".join(f"error: {line}" for line in failed.values()))


def listing():
    """Print the experiments with their minutes."""
    from experiments.common import runner, wording

    modules = {name: runner.find(name) for name in runner.names()}
    rows = [[name, *map(str, module.MINUTES.values()), module.SOURCE, module.TITLE] for name, module in modules.items()]
    totals = [str(sum(module.MINUTES[mode] for module in modules.values())) for mode in ("quick", "full")]
    print(wording.aligned(["name", "--quick, min", "full, min", "source", "title"], [*rows, ["all", *totals, "", ""]]))


if __name__ == "__main__":
    cli.run(main, takes_names=True)
