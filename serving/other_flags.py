"""TensorFlow Serving's flags that change nothing here: taken, so that its scripts start this server too."""

from absl import flags, logging

NO_EFFECT = {
    "enable_profiler": (flags.DEFINE_bool, "no profiler service"),
    "flush_filesystem_caches": (flags.DEFINE_bool, "the system keeps its caches"),
    "mixed_precision": (flags.DEFINE_string, "models run in the precision they were exported in"),
    "num_tflite_interpreters_per_pool": (flags.DEFINE_string, "TensorFlow Lite models are not served"),
    "num_tflite_pools": (flags.DEFINE_string, "TensorFlow Lite models are not served"),
    "num_unload_threads": (flags.DEFINE_string, "versions load and unload in the same threads"),
    "prefer_tflite_model": (flags.DEFINE_bool, "TensorFlow Lite models are not served"),
    "remove_unused_fields_from_bundle_metagraph": (flags.DEFINE_bool, "only signatures are kept of a meta graph"),
    "skip_initialize_tpu": (flags.DEFINE_bool, "TPUs are not used"),
    "xla_cpu_compilation_enabled": (flags.DEFINE_bool, "functions exported with jit_compile=True are compiled"),
    "xla_gpu_compilation_enabled": (flags.DEFINE_bool, "functions exported with jit_compile=True are compiled"),
}

for _name, (_define, _reason) in NO_EFFECT.items():
    _define(_name, None, f"no effect: {_reason}")


def tell():
    """Say which of them were given."""
    for name, (_, reason) in NO_EFFECT.items():
        if flags.FLAGS[name].present:
            logging.warning("--%s has no effect here: %s", name, reason)
