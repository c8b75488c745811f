# SPDX-License-Identifier: Apache-2.0
"""How far a run's duration and energy depend on figures that are not known exactly, and on which most."""

import collections
import math

from .figures import SECOND

# Of one quantity: with the figures of the run, and with those of the low and the high end of every band.
Band = collections.namedtuple("Band", "own low high")
Bound = collections.namedtuple("Bound", "kind key share halved_s doubled_s without_s")

ENDS = ("nominal", "low", "high")


def _energy_j(row):
    return float(row["compute_energy_j"] + row["send_energy_j"] + row["receive_energy_j"])


def _seconds(value_ns):
    return float(value_ns) / SECOND if value_ns >= 0 else math.nan


def bands(run):
    """{"time_s": Band, "energy_j": Band} as figures() counts them, planned before the run; {} when it has none.

    A run has none when no figure of its fleet has a band, when it was too large, or when its file is older or a
    replay's.  An end that the plan does not reach (nothing arrives, or not within 200 years) is NaN.  The time to a
    target is not among them: what is learned when depends on the order of arrivals, so it takes runs with
    run.figures = low and high.
    """
    if "bands" not in run.tables:
        return {}
    rows = run.table("bands", decode=True)
    if len(rows) < 2:
        return {}
    by_end = {str(row["figures"]): row for row in rows}
    ends = [rows[0], by_end.get("low"), by_end.get("high")]

    def band(read):
        return Band(*(math.nan if row is None else read(row) for row in ends))

    return {"time_s": band(lambda row: _seconds(row["run_end_ns"])), "energy_j": band(_energy_j)}


def bound(run):
    """The Bound that the run's duration depends on most; None when it was not computed.

    kind       "server_steps" and so on; key, the configuration key, * for all entries
    share      relative change of the duration over that of the figure; of absences the share that they take
    halved_s   the duration, downloads included, with half of the figure; NaN: not computed, or no end; doubled_s
    without_s  absences: with all devices always on
    """
    if "bounds" not in run.tables:
        return None
    rows = run.table("bounds", decode=True)
    if not len(rows):
        return None
    row = rows[0]
    times = (_seconds(row[f"{name}_ns"]) for name in ("halved", "doubled", "without"))
    return Bound(str(row["kind"]), str(row["figure"]), float(row["share"]), *times)
