"""What a model's base path holds, and which of it the policy wants served."""

import os
import re
import sys


def found(base_path):
    """{number: folder} of everything in the base path whose name is an int64; OSError where the path cannot be read."""
    numbers = {}
    for name in sorted(os.listdir(base_path)):
        if re.fullmatch(r"\s*[+-]?[0-9]+\s*", name) and abs(int(name)) <= sys.maxsize:
            numbers[int(name)] = os.path.join(base_path, name)
    return numbers


def wanted(numbers, policy, troubled=()):
    """The part of {number: folder} that a ServableVersionPolicy asks for: the latest where it says nothing.

    Where the latest are all among the `troubled`, which failed to load, so is the highest that is not: one must serve.
    """
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        return numbers
    if choice == "specific":
        return {number: numbers[number] for number in policy.specific.versions if number in numbers}
    highest = sorted(numbers)[-max(policy.latest.num_versions, 1) :]
    if set(highest) <= set(troubled):
        highest += sorted(set(numbers) - set(troubled))[-1:]
    return {number: numbers[number] for number in highest}
