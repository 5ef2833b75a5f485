"""Versions in a model's base path: those that are there, those that the policy wants served, and those still coming."""

import contextlib
import glob
import math
import os
import re
import sys

import grpc
import tensorflow as tf

from serving.server.errors import ServingError

VARIABLE_OPS = {"VarHandleOp", "VariableV2", "Variable"}


class IncompleteError(ServingError):
    """The folder of a version is still being copied, it seems: to be tried again until it is whole."""

    def __init__(self, message):
        super().__init__(grpc.StatusCode.UNAVAILABLE, message)


def found(base_path):
    """{number: folder} of everything in the base path whose name is an int64; OSError where the path cannot be read."""
    numbers = {}
    for name in sorted(os.listdir(base_path)):
        if re.fullmatch(r"\s*[+-]?[0-9]+\s*", name) and abs(int(name)) <= sys.maxsize:
            numbers[int(name)] = os.path.join(base_path, name)
    return numbers


def contents(path):
    """[(file, size, time of its last change)] of what a version is loaded from: another list where a copy goes on."""
    listed = []
    for file in (os.path.join(path, "saved_model.pb"), *sorted(glob.glob(f"{glob.escape(path)}/variables/*"))):
        with contextlib.suppress(OSError):
            status = os.stat(file)
            listed.append((file, status.st_size, status.st_mtime_ns))
    return listed


def wanted(numbers, policy, troubled=()):
    """The part of {number: folder} that a ServableVersionPolicy asks for: the latest where it says nothing.

    Where the latest are all among the `troubled`, which failed to load, so are those below, down to one that is not.
    """
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        return numbers
    if choice == "specific":
        return {number: numbers[number] for number in policy.specific.versions if number in numbers}
    falling = sorted(numbers, reverse=True)
    count = max(policy.latest.num_versions, 1)
    while count < len(falling) and set(falling[:count]) <= set(troubled):
        count += 1
    return {number: numbers[number] for number in falling[:count]}


def check_whole(path, graph_def):
    """Raises IncompleteError where the graph has variables and a file of them is missing or too short."""
    nodes = [graph_def.node, *(function.node_def for function in graph_def.library.function)]
    if not any(node.op in VARIABLE_OPS for each in nodes for node in each):
        return
    prefix = os.path.join(path, "variables", "variables")
    shards = sorted(glob.glob(f"{glob.escape(prefix)}.data-?????-of-?????"))
    if not os.path.exists(f"{prefix}.index") or not shards:
        raise IncompleteError(f"{path} is not whole: variables/ lacks the index or the data of the graph's variables")
    count = int(shards[0][-5:])
    if len(shards) != count:
        raise IncompleteError(f"{path} is not whole: {len(shards)} of {count} shards of variables/ are there")
    try:
        reader = tf.train.load_checkpoint(prefix)
        shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise IncompleteError(f"{path} is not whole: variables/variables.index cannot be read: {error}") from None
    expected = sum(math.prod(shapes[name]) * dtypes[name].size for name in shapes if dtypes[name] != tf.string)
    size = sum(map(os.path.getsize, shards))
    if size < expected:
        raise IncompleteError(f"{path} is not whole: variables/ holds {size} bytes of data, its index {expected}")
