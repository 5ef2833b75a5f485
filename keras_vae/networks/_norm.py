"""Batch normalisation of feature maps by TensorFlow's fused kernel."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_vae")
class BatchNorm(keras.layers.BatchNormalization):
    """keras.layers.BatchNormalization, its weights and its values; in training one pass over a map (batch, h, w, c),
    where it has several.

    Vectors, statistics that replicas share, and inference are left to it: inference is as fast there, and TensorFlow
    would fuse the kernel into oneDNN's convolution, which fails on a batch of no rows.
    """

    def call(self, inputs, training=None, mask=None):
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if not (training and self.trainable) or len(inputs.shape) != 4 or replicas > 1:
            return super().call(inputs, training=training, mask=mask)
        scale, offset = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(inputs, scale, offset, epsilon=self.epsilon)
        places = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), tf.float32)
        variance *= (places - 1) / places  # the kernel's is the unbiased one, Keras keeps the mean square
        for kept, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            kept.assign(self.momentum * tf.convert_to_tensor(kept) + (1 - self.momentum) * now)
        return outputs
