"""ModelServerConfig: built from flags or checked as TensorFlow Serving checks it."""

import os
import re

import grpc
from tensorflow_serving.config import model_server_config_pb2

from serving.server.errors import ServingError, invalid_argument

PLATFORM = "tensorflow"  # the only one that is served
PLATFORMS = ((model_server_config_pb2.MODEL_TYPE_UNSPECIFIED, PLATFORM), (model_server_config_pb2.TENSORFLOW, ""))


def single(name, base_path):
    """The config of --model_name and --model_base_path."""
    config = model_server_config_pb2.ModelServerConfig()
    config.model_config_list.config.add(name=name, base_path=os.path.abspath(base_path), model_platform=PLATFORM)
    return config


def check(old, config):
    """Raises for a config that cannot take the place of the old one; nothing of it is taken over then."""
    kind = config.WhichOneof("config")
    if kind == "custom_model_config" or (kind is None and old.WhichOneof("config")):
        text = "Cannot transition to requested config: only a model_config_list may take the place of another one"
        raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, text)
    names = set()
    for model in config.model_config_list.config:
        if model.name in names:
            raise invalid_argument(f"Illegal to list model {model.name} multiple times in config list")
        names.add(model.name)
        if not model.base_path.startswith("/") and not re.match(r"[a-zA-Z][0-9a-zA-Z.]*://", model.base_path):
            text = f"Expected model {model.name} to have an absolute path or URI; got base_path()={model.base_path}"
            raise invalid_argument(text)
        if (model.model_type, model.model_platform) not in PLATFORMS:
            raise invalid_argument(
                f'Expected model {model.name} to have model_platform: "{PLATFORM}", or else the deprecated '
                f'model_type: TENSORFLOW; got "{model.model_platform}" and type {model.model_type}'
            )
