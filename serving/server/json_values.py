"""What JSON text becomes in Python: list, str, int, float, bool, None, and Object."""


class Object(list):
    """A JSON object as the list of its (name, value) members: in order, duplicates included."""

    def find(self, name, default=None):
        """The value of the first member of that name."""
        return next((value for key, value in self if key == name), default)


def is_base64(value):
    """Whether `value` is {"b64": "..."} and nothing else."""
    return type(value) is Object and len(value) == 1 and value[0][0] == "b64" and type(value[0][1]) is str


def type_name(value):
    """As RapidJSON calls the type: Null, True, False, Object, Array, String or Number."""
    return str(value) if type(value) is bool else _TYPE_NAMES[type(value)]


_TYPE_NAMES = {type(None): "Null", Object: "Object", list: "Array", str: "String", int: "Number", float: "Number"}
