"""Arms of a comparison: each in a process of its own, in turn, so that a drift of the machine's speed meets all."""

import json
import statistics
import subprocess
import sys


def compare(script, arms, rounds, options, unit, title):
    """Print the median rate of each arm, and how many times faster the first one is, round by round.

    script: run as `script --arm=NAME OPTIONS`, prints a rate as JSON in its last line. An arm that cannot run here, for
    want of a package, says why in its last line of errors and is left out.
    """
    figures, missing = {arm: [] for arm in arms}, {}
    for _ in range(rounds):
        for arm in arms:
            if arm in missing:
                continue
            command = [sys.executable, script, f"--arm={arm}", *options]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                missing[arm] = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
                continue
            figures[arm].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{title}, {arm}: {figures[arm][-1]:.1f} {unit}", file=sys.stderr, flush=True)
    first = figures[arms[0]]
    print(f"\n{title}: {unit}, median of {rounds} (least to most); {arms[0]} as a multiple, round by round")
    for arm, values in figures.items():
        if arm in missing:
            print(f"  {arm:24} left out: {missing[arm]}")
            continue
        ratio = statistics.median(mine / theirs for mine, theirs in zip(first, values))
        middle, low, high = statistics.median(values), min(values), max(values)
        print(f"  {arm:24} {middle:8.1f} ({low:.1f} to {high:.1f})   {ratio:5.2f}x", flush=True)
