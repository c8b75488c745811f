# SPDX-License-Identifier: Apache-2.0
"""Quantities as a person reads them: three figures that count and a unit; 'no figure' for NaN."""

import html
import math

NO_FIGURE = "no figure"
NBSP = "\u00a0"  # a number and its unit stay on one line


def number(value, digits=3):
    """1234567 -> '1,234,567', 0.01234 -> '0.0123', NaN -> 'no figure'."""
    if value is None or math.isnan(value):
        return NO_FIGURE
    value = float(value)
    if value == 0:
        return "0"
    if abs(value) >= 1000 or value.is_integer():
        return f"{value:,.0f}"
    value = float(f"{value:.{digits - 1}e}")
    return f"{value:.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"


def scaled(value, unit, steps, digits=3):
    """`value` in the largest of the ascending `steps` [(factor, prefix)] that keeps it above 1."""
    if value is None or math.isnan(value):
        return NO_FIGURE
    if value == 0:
        return f"0{NBSP}{unit}"
    factor, prefix = steps[0]
    for step in steps:
        # 0.9995: what would be rounded up to a whole step is written in that step
        if abs(value) >= step[0] * 0.9995:
            factor, prefix = step
    return f"{number(value / factor, digits)}{NBSP}{prefix}{unit}"


SI = [(1, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"), (1e15, "P"), (1e18, "E")]


def bytes_(value):
    return scaled(value, "B", SI)


def flop(value):
    return scaled(value, "FLOP", SI)


def flop_rate(value):
    return scaled(value, "FLOP/s", SI)


def joules(value):
    return scaled(value, "J", [(1e-3, "m")] + SI)


def percent(value, digits=1):
    return NO_FIGURE if value is None or math.isnan(value) else f"{value:.{digits}f}{NBSP}%"


def seconds(value):
    """1.5e-3 -> '1.5 ms', 75 -> '1 min 15 s', 90061 -> '25 h 1 min'."""
    if value is None or math.isnan(value):
        return NO_FIGURE
    if value < 59.95:
        return scaled(value, "s", [(1e-9, "n"), (1e-6, "µ"), (1e-3, "m"), (1, "")])
    if value < 3599.5:
        return f"{int(value + 0.5) // 60}{NBSP}min {int(value + 0.5) % 60}{NBSP}s"
    minutes = int(value / 60 + 0.5)
    return f"{minutes // 60:,}{NBSP}h {minutes % 60}{NBSP}min"


def time_unit(longest_s):
    """(seconds in one unit, its name) for an axis that ends at `longest_s`."""
    for factor, name, least in (
        (86400, "days", 3),
        (3600, "hours", 3),
        (60, "minutes", 3),
        (1, "seconds", 1),
        (1e-3, "milliseconds", 1),
    ):
        if longest_s >= least * factor:
            return factor, name
    return 1e-6, "microseconds"


def signed(value, digits=1):
    """+1.2, −0.7 with a real minus, 0.0 without a sign."""
    text = f"{abs(value):.{digits}f}"
    return text if float(text) == 0 else ("+" if value > 0 else "−") + text


def count(value, noun, plural=None):
    """(1, 'packet') -> '1 packet', (2, 'packet') -> '2 packets'."""
    return f"{int(value):,} {noun if value == 1 else plural or noun + 's'}"


def listed(items):
    """['a', 'b', 'c'] -> 'a, b and c'."""
    items = [str(item) for item in items]
    return (
        items[0]
        if len(items) == 1
        else ", ".join(items[:-1]) + " and " + items[-1] if items else ""
    )


def escape(text):
    return html.escape(str(text), quote=True)
