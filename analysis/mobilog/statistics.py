# SPDX-License-Identifier: Apache-2.0
"""Mean and spread of a few runs; numpy alone."""

import functools
import math

import numpy as np


def _within(t, freedom):
    """Probability that |Student's t| <= t, in closed form (Abramowitz and Stegun 26.7.3, 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    total, term = 0.0, cosine if odd else 1.0
    for step in range(freedom // 2):
        total += term
        term *= cosine**2 * (2 * step + 1 + odd) / (2 * step + 2 + odd)
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


@functools.lru_cache
def student_t(freedom):
    """The t between whose negative and itself 95 % of Student's distribution lie; degrees of freedom 1 or more."""
    low, high = 1.9, 12.8
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < 0.95 else (low, middle)
    return (low + high) / 2


def mean_and_ci95(values):
    """(mean, half of the 95 % interval of the mean by Student's t); NaN for the half with fewer than two values.

    A NaN among the values makes both NaN: a figure that a run does not have has no mean over runs.
    """
    values = np.asarray(values, float)
    if len(values) == 0:
        return math.nan, math.nan
    mean = float(values.mean())
    if len(values) < 2:
        return mean, math.nan
    return mean, float(student_t(len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
