# SPDX-License-Identifier: Apache-2.0
"""The line of centralised training: the same uploads, replayed when all of them are in."""

import dataclasses
import os
import pathlib
import shutil
import subprocess

import mobilog

from . import numbers, run as runs

MODE = "replay_after_all"


@dataclasses.dataclass
class Reference:
    """The evaluations of a replay, and where they come from."""

    path: pathlib.Path
    curves: dict  # as numbers.curves()

    @property
    def curve(self):
        return self.curves[-1]


def load_reference(path, run):
    """Reads a replay of `run`.

    Raises mobilog.RunError when the file has no evaluation or learned another task.
    """
    other = runs.load_run(path)
    curves = numbers.curves(other)
    if -1 not in curves:
        raise mobilog.RunError(
            f"{path}: holds no evaluation, so it cannot be the line of centralised training"
        )
    if list(other.class_names) != list(run.class_names):
        raise mobilog.RunError(
            f"{path}: has other classes than {run.path}; give a replay of that run"
        )
    return Reference(pathlib.Path(path), curves)


def find_program():
    """The fedmobillm binary: $FEDMOBILLM, the build folders (newest first), <prefix>/bin, the PATH; or None."""
    named = os.environ.get("FEDMOBILLM")
    if named:
        return named if os.access(named, os.X_OK) else None
    root = pathlib.Path(__file__).resolve().parents[2]
    installed = root.parents[1] / "bin" / "fedmobillm"
    if root.parts[-2:] == ("share", "fedmobillm") and os.access(installed, os.X_OK):
        return str(installed)
    built = [
        path
        for pattern in (
            "build/*/src/app/fedmobillm",
            "build/src/app/fedmobillm",
            "build/*/fedmobillm",
        )
        for path in root.glob(pattern)
        if path.is_file() and os.access(path, os.X_OK)
    ]
    return (
        str(max(built, key=lambda path: path.stat().st_mtime))
        if built
        else shutil.which("fedmobillm")
    )


def is_current(path, run):
    """Whether `path` is a finished replay made after `run` was written."""
    try:
        return (
            path.is_file()
            and path.stat().st_mtime >= run.path.stat().st_mtime
            and runs.load_run(path).complete
        )
    except mobilog.RunError:
        return False


def obtain(run, folder, say):
    """(Reference or None, why there is none).  Runs the replay if that is what is missing."""
    if run.setting("server.mode") == MODE or run.setting("method.name") == "central_side":
        return None, "This run is centralised training itself."
    if not run.has("evaluations"):
        return None, "Without evaluations there is nothing to compare with centralised training."
    path = pathlib.Path(folder) / "replay_all.h5"
    if not is_current(path, run):
        command = [
            "replay",
            "--overwrite",
            str(run.path),
            "--set",
            f"server.mode={MODE}",
            "--set",
            f"run.output={path}",
        ]
        if not run.complete or not run.has_activations:
            why = "is not complete" if not run.complete else "holds no activations"
            return (
                None,
                (
                    f"The line of centralised training is missing: this file {why}, so it cannot be"
                    " replayed."
                ),
            )
        program = find_program()
        if not program:
            return (
                None,
                (
                    "The line of centralised training is missing: no fedmobillm program was found. "
                    f"Make it with `fedmobillm {' '.join(command)}`, then call the report again."
                ),
            )
        say(f"replaying {run.path} as centralised training (once; kept as {path})")
        done = subprocess.run(
            [program, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            return None, f"The line of centralised training is missing: the replay failed ({last})."
    try:
        return load_reference(path, run), ""
    except mobilog.RunError as error:
        return None, f"The line of centralised training is missing: {error}"
