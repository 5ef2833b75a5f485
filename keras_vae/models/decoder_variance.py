"""The decoder variance gamma of p(x|z) = N(mu_x(z), gamma I)."""

import keras
import tensorflow as tf

from keras_vae import checks, plugins

# The options that each mode uses. Others have no effect: a new run refuses them, the constructor takes what was saved.
MODES = {
    "learned": ("initial", "floor", "ceiling", "rate"),
    "fixed": ("initial",),
    "optimal": ("initial", "floor", "ceiling", "momentum"),
}
SMALLEST = 1e-37  # a float32, and so is its inverse


@keras.saving.register_keras_serializable("keras_vae")
class DecoderVariance(keras.layers.Layer):
    """gamma, the decoder *variance* as in the papers (Dai & Wipf's code calls the standard deviation gamma).

    mode      learned: log gamma is trained with the network. Starting large and shrinking with the error, it smooths
              the loss exactly as long as that helps (infinite gradients, section 4).
              fixed: gamma stays at `initial`.
              optimal: the closed form of eq. (6) of the infinite-gradients paper, gamma* = E||x - mu_x||^2 / d, as a
              running mean over batches (the plain mean at first, exponential with `momentum` later).
    floor     smallest gamma allowed; a guard against unbounded gradients.
    ceiling   largest gamma allowed; the papers' guard against posterior collapse (infinite gradients, section 4).
    rate      factor on the learning rate of log gamma: the weight is log gamma / rate, and a step of Adam is as long
              whatever the slope. 2 is Dai & Wipf's parameter, the log of the standard deviation.
    """

    def __init__(self, mode="learned", initial=1.0, floor=None, ceiling=None, momentum=0.99, rate=1.0, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})  # whatever the precision of the networks
        plugins.one_of(mode, MODES, "gamma mode")
        checks.number("initial of gamma", initial)
        for option, value in (("floor", floor), ("ceiling", ceiling)):
            if value is not None:
                checks.number(f"{option} of gamma", value)
        rate = checks.number("rate of gamma", rate, above=0)
        if not 0 <= checks.number("momentum of gamma", momentum) < 1:
            raise ValueError(f"momentum of gamma must be in [0, 1), not {momentum!r}")
        low, high = 0.0 if floor is None else floor, float("inf") if ceiling is None else ceiling
        if not 0 <= low <= initial <= high or not SMALLEST <= initial <= 1 / SMALLEST:
            raise ValueError(
                "gamma needs 0 < floor <= initial <= ceiling, as float32 holds them; "
                f"got floor={floor}, initial={initial}, ceiling={ceiling}"
            )
        self.mode, self.initial, self.floor, self.ceiling, self.momentum = mode, initial, floor, ceiling, momentum
        self.rate = rate
        self.log_gamma = self.add_weight(
            name="log_gamma",
            initializer=keras.initializers.Constant(float(keras.ops.log(initial)) / rate),
            trainable=mode == "learned",
            # The optimiser projects log gamma back after each step: inside a clipped formula it would get no gradient
            # and never come back from its bound.
            constraint=self._bounded,
            autocast=False,
            aggregation="mean",
        )
        if mode == "optimal":
            self.batches = self.add_weight(name="batches", trainable=False, initializer="zeros", aggregation="mean")
        self.built = True

    def _bounded(self, log_gamma):
        if self.floor is not None:
            log_gamma = tf.maximum(log_gamma, tf.math.log(float(self.floor)) / self.rate)
        if self.ceiling is not None:
            log_gamma = tf.minimum(log_gamma, tf.math.log(float(self.ceiling)) / self.rate)
        return log_gamma

    @property
    def value(self):
        """gamma, a float32 scalar tensor."""
        return tf.exp(self.rate * tf.convert_to_tensor(self.log_gamma.value))

    @property
    def falling(self):
        """True while log gamma goes where its gradient leads, no bound holding it."""
        return self.mode == "learned" and not any(self.bounds_hit().values())

    def observe(self, mean_squared_error):
        """Move gamma towards eq. (6), given the error per dimension of one batch; does nothing unless `optimal`."""
        if self.mode != "optimal":
            return
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:  # of the whole batch: a mean of logarithms is another
            mean_squared_error = tf.distribute.get_replica_context().all_reduce("mean", mean_squared_error)
        self.batches.assign_add(1.0)
        rate = tf.maximum(1.0 / tf.convert_to_tensor(self.batches.value), 1.0 - self.momentum)
        # The first batch replaces the initial value altogether: its rate is one.
        estimate = self.value + rate * (tf.stop_gradient(mean_squared_error) - self.value)
        smallest = tf.constant(1e-30)  # an exact reconstruction would send log gamma to minus infinity
        self.log_gamma.assign(self._bounded(tf.math.log(tf.maximum(estimate, smallest)) / self.rate))

    def bounds_hit(self):
        """{"at_floor": 0. or 1., "at_ceiling": ...} for the bounds that are set: do they bite now?"""
        log_gamma, hit = self.rate * tf.convert_to_tensor(self.log_gamma.value), {}
        if self.floor is not None:
            hit["gamma_at_floor"] = tf.cast(log_gamma <= tf.math.log(float(self.floor)) + 1e-6, tf.float32)
        if self.ceiling is not None:
            hit["gamma_at_ceiling"] = tf.cast(log_gamma >= tf.math.log(float(self.ceiling)) - 1e-6, tf.float32)
        return hit

    def get_config(self):
        names = ("mode", "initial", "floor", "ceiling", "momentum", "rate")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
