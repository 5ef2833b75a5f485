"""Repeat tables and figures of the papers, measured beside what the paper says."""

import pathlib
import sys
import typing

from keras_vae import cli
from keras_vae.files import as_folder, check_own, check_writable

OWN = ("stacks/*/*.json", "computed/*.json", "full/*.json", "quick/*.json")  # of a --workdir, from its first stack on

FLAGS = cli.Flags(__doc__.splitlines()[0], "rb_table1 vc_table1 --quick", names="[NAME ... | all]")
FLAGS.group("What is repeated")
FLAGS.define("bool", "list", False, "Name the experiments, with the minutes that each adds on two idle CPU cores.")
FLAGS.define("bool", "quick", False, "Minutes instead of hours.")
FLAGS.group("Where")
FLAGS.define("path", "data_dir", None, "Where TFDS keeps prepared data.")
FLAGS.define("path", "workdir", "runs/reproduce", "Where trained stacks, results and figures are kept.")
FLAGS.define("bool", "write_docs", False, "Write docs/results.md and its figures from all results in --workdir.")


def main(args: cli.Flags, *names: str) -> None:
    """Repeat the named experiments."""
    # TensorFlow and Matplotlib, which --help does not wait for.
    from experiments.common import pages, runner, wording
    from experiments.common.laboratory import Laboratory

    _check_used(args, names)
    workdir = as_folder(args.workdir, "--workdir")
    check_own(workdir, "workdir", "results of experiments", OWN)
    modules = {name: runner.find(name) for name in (runner.names() if names == ("all",) else names)}
    if args.list or not (modules or args.write_docs):
        return listing()
    if modules:
        check_writable(workdir, "workdir")
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
    if modules:
        where = cli.flag("workdir", workdir)
        cli.told("repeated", workdir / runner.mode(args.quick), f"reproduce --write_docs {where}")


def _check_used(args: cli.Flags, names: tuple[str, ...]) -> None:
    """Refuse what the other words leave without use."""
    given = [name for name in ("quick", "data_dir", "workdir") if args[name].present]
    if args.list and (names or given or args.write_docs):
        raise ValueError("--list names the experiments and repeats none; leave the other words out")
    if "all" in names and len(names) > 1:
        raise ValueError("all names every experiment; leave the other names out")
    if not names and not args.list and (unused := [each for each in given if each != "workdir" or not args.write_docs]):
        raise ValueError(f"--{unused[0]} is for experiments; name some, or all: --list has them")


def listing() -> None:
    """Print the experiments with their minutes."""
    from experiments.common import runner, wording

    modules = {name: runner.find(name) for name in runner.names()}
    rows = [[name, *map(str, module.MINUTES.values()), module.SOURCE, module.TITLE] for name, module in modules.items()]
    totals = [str(sum(module.MINUTES[mode] for module in modules.values())) for mode in ("quick", "full")]
    print(wording.aligned(["name", "--quick, min", "full, min", "source", "title"], [*rows, ["all", *totals, "", ""]]))


def run(words: list[str]) -> typing.NoReturn:
    """Reproduce, by the words of a command line."""
    cli.run(FLAGS, main, words, takes_names=True)
