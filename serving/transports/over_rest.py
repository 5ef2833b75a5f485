"""Requests over REST, without TensorFlow."""

import base64
import json
import urllib.parse

import numpy as np
import urllib3

from serving.transports.errors import RequestError

CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Transport:
    """One model of a server, over connections that are kept open. ca: PEM certificates to trust, or None."""

    bytes_per_value = 3  # of uint8 values as JSON, in units of base64: "255, " is five characters, base64 4/3 a byte
    forms_of_pictures = ("_png", "_uint8", "")  # the cheapest first
    numbers_are_text = True

    def __init__(self, parts, model, version, label, ca):
        trusted = ca and ca.decode(errors="replace")  # what is beside the certificates may be in any encoding
        self._pool = urllib3.PoolManager(maxsize=32, retries=False, ca_cert_data=trusted)
        self.close = self._pool.clear
        self._url = f"{parts.geturl().rstrip('/')}/v1/models/{urllib.parse.quote(model, safe='')}"
        if version is not None:
            self._url += f"/versions/{version}"
        if label is not None:
            self._url += f"/labels/{urllib.parse.quote(label, safe='')}"

    def predict(self, signature, inputs, timeout_s):
        """inputs {name: array} -> {name: array}"""
        columns = {name: array.tolist() for name, array in inputs.items()}
        body = json.dumps({"signature_name": signature.name, "inputs": columns}, default=_b64)
        found = self._answer("POST", f"{self._url}:predict", timeout_s, body)["outputs"]
        if len(signature.dtypes) == 1:  # a single output comes without its name
            found = dict.fromkeys(signature.dtypes, found)
        answer = {}
        for name, dtype in signature.dtypes.items():
            values = [base64.b64decode(each["b64"]) for each in found[name]] if dtype is np.object_ else found[name]
            answer[name] = np.array(values, dtype)
        return answer

    def metadata(self, timeout_s):
        """The signatures of the model, in JSON."""
        return self._answer("GET", f"{self._url}/metadata", timeout_s)

    def status(self, timeout_s):
        """The versions of the model and their states, in JSON."""
        return self._answer("GET", self._url, timeout_s)

    def _answer(self, method, url, timeout_s, body=None):
        try:
            response = self._pool.request(method, url, body=body, timeout=urllib3.Timeout(total=timeout_s))
        except urllib3.exceptions.ReadTimeoutError:
            raise RequestError("DEADLINE_EXCEEDED", f"no answer from {url} in time") from None
        except urllib3.exceptions.SSLError as error:
            raise RequestError("UNAUTHENTICATED", f"no trust in {url}: {error}") from None
        except urllib3.exceptions.HTTPError as error:  # refused, or broken off
            raise RequestError("UNAVAILABLE", f"no connection to {url}: {error}") from None
        try:
            answer = json.loads(response.data)
        except ValueError:
            answer = {"error": f"HTTP status {response.status} from {url}, which is no answer of a model server"}
        if response.status != 200 or "error" in answer:
            raise RequestError(CODES.get(response.status, "UNKNOWN"), answer.get("error", response.reason))
        return answer


def _b64(value):
    """Bytes as the protocol writes them in JSON."""
    return {"b64": base64.b64encode(value).decode()}
