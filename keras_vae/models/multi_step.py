"""Several steps in one dispatch, on every strategy; on one device all of them in one XLA program.

Keras' own train function dispatches each step and fails with more than one replica when steps_per_execution > 1. The
functions made here are drop-in replacements: they take an iterator, run up to `steps_per_execution` steps, return the
logs, and raise StopIteration when the iterator is empty. The last, shorter dispatch of an epoch needs no new program.
"""

import tensorflow as tf


def multi_step(model, step):
    """A function iterator -> logs that runs `step(batch)` on the next `model.steps_per_execution` batches."""
    if model.run_eagerly:
        dispatch = _eager(model, step)
    elif model.in_xla:
        dispatch = _compiled_loop(model, step)
    else:
        dispatch = _strategy_loop(model, step)

    def function(iterator):
        if dispatch(iterator) == 0:
            raise StopIteration
        return model.get_metrics_result()

    return function


def _eager(model, step):
    def dispatch(iterator):
        done = 0
        for done in range(1, model.steps_per_execution + 1):
            batch = iterator.get_next_as_optional()
            if not batch.has_value():
                return done - 1
            model.distribute_strategy.run(step, args=(batch.get_value(),))
        return done

    return dispatch


def _strategy_loop(model, step):
    strategy, steps = model.distribute_strategy, model.steps_per_execution
    # Each replica compiles its own step; with more than one replica XLA cannot reach the mirrored variables.
    one = tf.function(step, reduce_retracing=True, autograph=False)

    @tf.function(reduce_retracing=True, autograph=False)
    def dispatch(iterator):
        def body(index, batch, state):
            strategy.run(one, args=(batch,))
            return state

        return _for_batches(iterator, steps, body, ())[0]

    return dispatch


def _compiled_loop(model, step):
    """Gather a chunk of batches, then loop over it inside XLA. A short last chunk is padded, not compiled anew."""
    steps = model.steps_per_execution

    @tf.function(jit_compile=True, reduce_retracing=True, autograph=False)
    def run(chunk, count):
        def body(index):
            step(tf.nest.map_structure(lambda batches: batches[index], chunk))
            return (index + 1,)

        tf.while_loop(lambda index: index < count, body, (0,))

    @tf.function(reduce_retracing=True, autograph=False)
    def gather(iterator):
        def body(index, batch, arrays):
            return [array.write(index, leaf) for array, leaf in zip(arrays, tf.nest.flatten(batch))]

        spec = iterator.element_spec
        empty = [tf.TensorArray(leaf.dtype, size=steps, element_shape=leaf.shape) for leaf in tf.nest.flatten(spec)]
        count, arrays = _for_batches(iterator, steps, body, empty)
        return tf.nest.pack_sequence_as(spec, [array.stack() for array in arrays]), count

    single = tf.function(step, jit_compile=True, autograph=False)

    def dispatch(iterator):
        if not all(leaf.shape.is_fully_defined() for leaf in tf.nest.flatten(iterator.element_spec)):
            return _one_by_one(iterator, single, steps)  # a last, smaller batch cannot be stacked with the others
        chunk, count = gather(iterator)
        if count:
            run(chunk, count)
        return count

    return dispatch


def _one_by_one(iterator, step, steps):
    for done in range(steps):
        batch = iterator.get_next_as_optional()
        if not batch.has_value():
            return done
        step(batch.get_value())
    return steps


def _for_batches(iterator, steps, body, state):
    """state = body(index, batch, state) for up to `steps` batches of the iterator, in a graph: (their number, state).

    Written with TensorFlow's own loop: nothing has to be converted by AutoGraph, in each stage anew.
    """

    def wanted(index, batch, state):
        return tf.logical_and(index < steps, batch.has_value())

    def step(index, batch, state):
        state = body(index, batch.get_value(), state)
        # strategy.run may stand in a loop but not in a branch: only the fetch is conditional.
        batch = tf.cond(index + 1 < steps, iterator.get_next_as_optional, lambda: batch)
        return index + 1, batch, state

    index, _, state = tf.while_loop(wanted, step, (0, iterator.get_next_as_optional(), state))
    return index, state
