# SPDX-License-Identifier: Apache-2.0
"""What a run came to, in a few numbers; virtual time."""

import math

PLANNED = 2  # Outcome of a packet that never left: the run ended first
LAST, BEST = 0, 1  # TestedWeights
FLEET, DEVICE, CLASS, ARRIVAL_DECILE = range(4)  # PassGroup
SECOND = 1e9

FIGURES = (
    "time_s",
    "updates",
    "upload_bytes",
    "download_bytes",
    "energy_j",
    "accuracy",
    "loss",
    "best_accuracy",
    "validation_accuracy",
    "time_to_target_s",
    "fewest_passes",
    "most_passes",
)


def time_to(time_s, metric, level, consecutive=1):
    """Time of the first of `consecutive` evaluations in a row at `level` or above; NaN."""
    in_a_row = 0
    for i, value in enumerate(metric):
        in_a_row = in_a_row + 1 if value >= level else 0
        if in_a_row == consecutive:
            return float(time_s[i + 1 - consecutive])
    return math.nan


OPTIONAL = ("best_accuracy", "validation_accuracy", "fewest_passes", "most_passes")  # not of every run: a table without any leaves them out


def rows_of(run, table):
    """A table that files of this version may lack; then empty."""
    return run.table(table) if table in run.tables else ()


def figures(run):
    """{name of FIGURES: number} of an open run; NaN: the run does not have it.

    time_s            until the last event, downloads included
    updates           of the server
    upload_bytes      charged, and download_bytes; what was lost on the way and sent anew is not in them
    energy_j          of the devices' computing, sending and receiving; NaN where one has no figure
    accuracy, loss    of the whole fleet on the test set, by the last weights; correlation x 100 for regression
    best_accuracy     the same by the weights that were best on the validation set, where there is one (data.split)
    validation_accuracy  of these weights there, and so the largest of its evaluations
    time_to_target_s  when eval.target was reached, eval.consecutive times in a row
    fewest_passes     of a training sample that arrived, and most_passes: updates that it was in
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
    tests = {int(row["weights"]): row for row in rows_of(run, "test_scores") if row["backbone"] == -1}
    last = tests.get(LAST, overall[-1] if len(overall) else None)
    passes = [row for row in rows_of(run, "passes") if row["group"] == FLEET]
    energy = sent["compute_energy_j"].sum() + sent["send_energy_j"].sum() + downloads["energy_j"].sum()
    return {
        "time_s": float(max(ends)) / SECOND if ends else math.nan,
        "updates": len(updates),
        "upload_bytes": int(sent["charged_bytes"].sum()),
        "download_bytes": int(downloads["charged_bytes"].sum()),
        "energy_j": float(energy),
        "accuracy": math.nan if last is None else float(last["metric"]),
        "loss": math.nan if last is None else float(last["loss"]),
        "best_accuracy": float(tests[BEST]["metric"]) if BEST in tests else math.nan,
        "validation_accuracy": float(overall["metric"].max()) if tests else math.nan,
        "time_to_target_s": reached,
        "fewest_passes": int(passes[0]["fewest"]) if passes else math.nan,
        "most_passes": int(passes[0]["most"]) if passes else math.nan,
    }
