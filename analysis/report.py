#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The report of a run, or of several, as a page: mobireport/command.py, from a folder that is not installed."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import debian_python  # noqa: E402

try:
    import h5py  # noqa: F401  (to say plainly what is missing)
    import matplotlib  # noqa: F401
    import numpy  # noqa: F401
except ImportError as missing:
    debian_python.go_on(missing, __name__, __file__, "python3-h5py python3-numpy python3-matplotlib")

from mobireport import command  # noqa: E402
from mobireport.command import FIGURES, make_report, output_folder  # noqa: E402, F401


def main(arguments=None):
    return command.main(arguments, program="report.py")


if __name__ == "__main__":
    sys.exit(main())
