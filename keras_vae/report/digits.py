"""Numbers as people read them."""

import math

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def digits(value):
    """Text of a JSON value: four significant digits, thousands separated; lists and texts as they are."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " × ".join(map(digits, value)) if value else "–"
    if isinstance(value, dict):
        return ", ".join(f"{name} = {digits(item)}" for name, item in value.items()) or "–"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if isinstance(value, float):
        return _float(value)
    return str(value)


def _float(value):
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "NaN")
    if value == 0:
        return "0"
    mantissa, power = f"{value:.3e}".split("e")  # rounded first: 9.9996 has one digit more than it seems
    power = int(power)
    if -5 < power < 9:
        return _trim(f"{value:,.{max(0, 3 - power)}f}", value)
    return f"{_trim(mantissa, value / 10.0**power)}×10{str(power).translate(SUPERSCRIPTS)}"


def _trim(text, value):
    """Without closing zeros where nothing was rounded away: 8 bins of 100 are 0.08, but 1.14003 is 1.140."""
    if "." in text and math.isclose(float(text.replace(",", "")), value, rel_tol=1e-12):
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")
