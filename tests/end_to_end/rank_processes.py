# SPDX-License-Identifier: Apache-2.0
"""The ranks of a running mpirun as processes of this machine: which they are, what they use."""
import os
import pathlib
import re

TICKS = os.sysconf("SC_CLK_TCK")


def ranks_of(program, session):
    """{rank: process number} of `program` in the session of the process that was started; without mpirun, rank 0."""
    program, found = os.path.realpath(program), {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getsid(int(entry)) != session or os.readlink(f"/proc/{entry}/exe") != program:
                continue
            environment = pathlib.Path(f"/proc/{entry}/environ").read_bytes()
        except OSError:
            continue  # it has just ended
        rank = re.search(rb"(?:^|\0)OMPI_COMM_WORLD_RANK=(\d+)", environment)
        found[int(rank[1]) if rank else 0] = int(entry)
    return found


def figures_of(process):
    """(processor seconds, bytes of memory) of a process; of what k processes share, each counts a k-th.

    :raises OSError: the process has ended.
    """
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    memory = re.search(r"^Pss:\s+(\d+) kB", pathlib.Path(f"/proc/{process}/smaps_rollup").read_text(), re.M)
    if memory is None:
        raise ProcessLookupError(f"process {process} has ended")
    return (int(fields[11]) + int(fields[12])) / TICKS, int(memory[1]) * 1024
