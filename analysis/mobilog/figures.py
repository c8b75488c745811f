# SPDX-License-Identifier: Apache-2.0
"""What a run came to, in a few numbers; virtual time."""

import math

PLANNED = 2  # Outcome of a packet that never left: the run ended first
SECOND = 1e9

FIGURES = (
    "time_s",
    "updates",
    "upload_bytes",
    "download_bytes",
    "energy_j",
    "accuracy",
    "loss",
    "time_to_target_s",
)


def time_to(time_s, metric, level, consecutive=1):
    """Time of the first of `consecutive` evaluations in a row at `level` or above; NaN."""
    in_a_row = 0
    for i, value in enumerate(metric):
        in_a_row = in_a_row + 1 if value >= level else 0
        if in_a_row == consecutive:
            return float(time_s[i + 1 - consecutive])
    return math.nan


def figures(run):
    """{name of FIGURES: number} of an open run; NaN: the run does not have it.

    time_s            until the last event, downloads included
    updates           of the server
    upload_bytes      charged, and download_bytes; what was lost on the way and sent anew is not in them
    energy_j          of the devices' computing, sending and receiving; NaN where one has no figure
    accuracy, loss    of the last evaluation of the whole fleet; correlation x 100 for regression
    time_to_target_s  when eval.target was reached, eval.consecutive times in a row
    """
    uploads, updates, downloads = (run.table(name) for name in ("uploads", "updates", "downloads"))
    sent = uploads[uploads["outcome"] != PLANNED]
    ends = [rows[column].max() for rows, column in ((sent, "arrival_ns"), (updates, "end_ns"), (downloads, "end_ns")) if len(rows)]
    evaluations = run.table("evaluations")
    overall = evaluations[evaluations["backbone"] == -1]
    # "none", as runs say it, is NaN here: not above zero
    target = float(run.config.get("eval.target", "none").replace("none", "nan"))
    reached = math.nan
    if target > 0:
        reached = time_to(overall["time_ns"] / SECOND, overall["metric"], target, int(run.config.get("eval.consecutive", "1")))
    energy = sent["compute_energy_j"].sum() + sent["send_energy_j"].sum() + downloads["energy_j"].sum()
    return {
        "time_s": float(max(ends)) / SECOND if ends else math.nan,
        "updates": len(updates),
        "upload_bytes": int(sent["charged_bytes"].sum()),
        "download_bytes": int(downloads["charged_bytes"].sum()),
        "energy_j": float(energy),
        "accuracy": float(overall["metric"][-1]) if len(overall) else math.nan,
        "loss": float(overall["loss"][-1]) if len(overall) else math.nan,
        "time_to_target_s": reached,
    }
