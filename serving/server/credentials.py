"""The certificates of a secure gRPC port."""

import ssl
import tempfile

import grpc

from serving.server import config_protos
from serving.server.errors import invalid_argument


def read_credentials(path):
    """grpc.ServerCredentials of an SSLConfig in text format, whose fields hold PEM texts."""
    config = config_protos.read(path, config_protos.SSLConfig())
    for field in ("server_key", "server_cert"):
        if not getattr(config, field).startswith("-----BEGIN"):
            raise invalid_argument(f"{path}: expected a PEM text (-----BEGIN ...) in {field}")
    if config.client_verify and not config.custom_ca:
        raise invalid_argument(f"{path}: client_verify needs the clients' certificate authority in custom_ca")
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:  # readable to its owner alone
        pair.write(f"{config.server_key}\n{config.server_cert}")
        pair.flush()
        try:  # grpcio would say that it cannot listen
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.name)
        except (ssl.SSLError, ValueError) as error:
            text = f"{path}: server_key and server_cert are no key and its certificate: {error}"
            raise invalid_argument(text) from None
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )
