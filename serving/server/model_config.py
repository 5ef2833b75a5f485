"""ModelServerConfig: built from flags or checked as TensorFlow Serving checks it."""

import os
import re

import grpc
from tensorflow_serving.config import model_server_config_pb2

from serving.server.errors import ServingError, invalid_argument

PLATFORM = "tensorflow"


def single(name, base_path):
    """The config of --model_name and --model_base_path."""
    config = model_server_config_pb2.ModelServerConfig()
    config.model_config_list.config.add(name=name, base_path=os.path.abspath(base_path), model_platform=PLATFORM)
    return config


def check(old, config):
    """Raises for a config that cannot take the place of the old one; nothing of it is taken over then."""
    kind = config.WhichOneof("config")
    if kind == "custom_model_config" or (kind is None and old.WhichOneof("config")):
        text = (
            "Cannot transition to requested config. It is only legal to transition from one ModelConfigList to another."
        )
        raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, text)
    names = set()
    for model in config.model_config_list.config:
        if model.name in names:
            raise invalid_argument(f"Illegal to list model {model.name} multiple times in config list")
        names.add(model.name)
    for model in config.model_config_list.config:
        if not model.base_path.startswith("/") and not re.match(r"[a-zA-Z][0-9a-zA-Z.]*://", model.base_path):
            text = f"Expected model {model.name} to have an absolute path or URI; got base_path()={model.base_path}"
            raise invalid_argument(text)
    check_platforms(old, config)


def platforms(config):
    """{model name: platform}, each a known one."""
    return {model.name: _platform(model) for model in config.model_config_list.config}


def _platform(model):
    if model.model_type and model.model_platform:
        raise invalid_argument(
            "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform, "
            f"model name is {model.name}"
        )
    if model.model_type not in (model_server_config_pb2.MODEL_TYPE_UNSPECIFIED, model_server_config_pb2.TENSORFLOW):
        raise invalid_argument(f"ModelServerConfig::model_type choice {model.model_type} not supported.")
    platform = PLATFORM if model.model_type else model.model_platform
    if not platform:
        raise invalid_argument(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, "
            f"model name is {model.name}"
        )
    return platform


def check_platforms(old, new):
    """Only one platform is served, so that another one is either a change or unknown."""
    new_platforms = platforms(new)
    for name, platform in platforms(old).items():
        if new_platforms.get(name, platform) != platform:
            raise invalid_argument(
                f"Illegal to change a model's platform. For model {name} platform was {platform} and new platform "
                f"requested is {new_platforms[name]}"
            )
    for name, platform in new_platforms.items():
        if platform != PLATFORM:
            raise invalid_argument(f"Model {name} requests unsupported platform {platform}")
