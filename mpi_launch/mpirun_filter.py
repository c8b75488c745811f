# SPDX-License-Identifier: Apache-2.0
"""Passes mpirun's stderr on, without the boxed texts that follow when a rank ends in an error.

usage: mpirun ... 2> >(mpirun_filter.py REPORT ENDING >&2)

Our program has said in one line what was wrong, and the launch script says which rank died; Open
MPI's boxes about the same event hide both.  Boxes about anything else (no such host, no slots) pass.
Which rank died on which signal goes to the file REPORT; then "answered", if the program has said how it
ended at a signal: if that was for the script, it is no accident that mpirun then kills ranks and loses daemons.  Once a rank
has said that it gives up, so that mpirun is about to end, that goes to the file ENDING.  Of several ranks
that say so because they do not hear of another one, only the first passes.  Bytes pass as they come: only a line that
may be the rule of a box is held back until it is whole.
"""
import os
import re
import signal
import sys

RULE = b"-" * 74 + b"\n"
# In a box, lines are wrapped anywhere: these are compared with blanks for line ends.  mpirun is called
# prterun from Open MPI 5 on.
DEATH = re.compile(rb"process rank (\d+) with PID \d+ on node (\S+) exited on signal (\d+) \(([^)]*)\)")
KNOWN = re.compile(
    rb"MPI_ABORT was invoked on rank"
    rb"|Primary job terminated normally, but"
    rb"|detected that one or more processes exited with non-zero status"
    rb"|noticed that process rank"
    rb"|An MPI communication peer process has unexpectedly disconnected"
    rb"|has exited due to process rank \d+ with PID \d+ on (node )?\S+ calling \"abort\""
)
AFTERMATH = re.compile(rb"Open MPI failed to TCP connect to a peer MPI process")  # once a rank has given up
ECHO = re.compile(  # single lines of the same kind, and version 5's echo of our -x
    rb"\[[^\]]*\] (\d+ more process(es)? ha(s|ve) sent help message (help-mpi-api.txt / mpi-abort|help-mpi-btl-tcp.txt / [a-z ]+|.*prterun)"
    rb"|Set MCA parameter \"(orte|prte)_base_help_aggregate\" to 0"
    rb"|\[.*ORTE_ERROR_LOG: Out of resource in file \S*/show_help.c"
    rb"|SET (OMP_NUM_THREADS|OPENBLAS_NUM_THREADS|LD_LIBRARY_PATH)=)"
    rb"|\[[^\]]*\] plm:rsh: Warning: setpgid\(\d+,\d+\) failed in parent"
    rb"|Abort is in progress\.\.\.hit ctrl-c again"
    rb"|(mpirun|prterun): Forwarding signal \d+ to job"  # SIGCONT, which Slurm sends before SIGTERM
)
# mpirun of version 4 may crash itself at the second Ctrl-C, when all is over but for its own exit.
TRACE = re.compile(rb"\[[^\[\]\s]*\] \*\*\* Process received signal \*\*\*")
TRACE_BEGUN = re.compile(rb"\[[^\[\]\s]*(\]( (\*[* a-zA-Z]*)?)?)?$")
GIVES_UP = re.compile(rb"fedmobillm run: rank \d+: ")
SILENCE = re.compile(GIVES_UP.pattern + rb".* silent for \d+ s \(run\.patience\)")
# What comes first: rank 0's answer to a signal, or a rank's own trouble, over which mpirun ends the others.
FIRST = re.compile(
    rb"fedmobillm \w+: (rank \d+: |(?!rank \d))"
    rb"((?P<answer>(terminated|interrupted); )|(?!terminated|interrupted)([^\n]{14}|[^\n]*\n))"
)
LOST_DAEMON = re.compile(rb"\[[^\]]*\] (oob:tcp: send_msg: write failed|\[\[.*mca_oob_tcp_peer_send_handler: unable to send)")
TRACE_END = b"*** End of error message ***\n"
OF_MPIRUN = re.compile(rb"^\[[^\]]*\] \[ ?\d+\] (\S*/)?(mpirun|prterun|orterun)\(", re.M)


def main(report, ending):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when mpirun does
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    box = None  # the lines of an open box, its first rule included
    trace = None  # those of a crash
    tail = b""  # a held piece of a line
    inside_line = False  # a piece of the current line has been passed on
    gave_up = silence_told = False
    first = None
    recent = b""  # the end of what came, for an answer that comes in pieces
    while chunk := os.read(0, 65536):
        recent = recent[-80:] + chunk
        first = first or FIRST.search(recent)
        answered = first is not None and first["answer"] is not None
        lines = re.findall(rb"[^\n]*\n|[^\n]+", tail + chunk)  # a lone carriage return is progress
        tail = b""
        for line in lines:
            if not line.endswith(b"\n"):
                if box is not None or trace is not None or (not inside_line and RULE.startswith(line)):
                    tail = line
                elif begun := TRACE_BEGUN.search(line):
                    write(line[: begun.start()])
                    tail = line[begun.start() :]
                    inside_line |= begun.start() > 0
                else:
                    inside_line = True
                    write(line)
            elif box is not None:
                box.append(line)
                if line == RULE:
                    judge(b"".join(box), report, gave_up, answered)
                    box = None
            elif trace is not None:
                trace.append(line)
                if line.endswith(TRACE_END):
                    if not OF_MPIRUN.search(b"".join(trace)):
                        write(b"".join(trace))
                    trace = None
            elif line == RULE and not inside_line:
                box = [line]
            elif begun := TRACE.search(line):  # after a line of progress it stands in the middle
                write(line[: begun.start()])
                trace = [line[begun.start() :]]
                inside_line = False
            else:
                if GIVES_UP.search(line):
                    gave_up = True
                    with open(ending, "a") as file:
                        file.write("a rank gives up\n")
                silence = SILENCE.search(line)
                if silence and silence_told:
                    before = line[: silence.start()]
                    write(before + b"\n" if before or inside_line else b"")
                elif inside_line or not (ECHO.match(line) or (answered and LOST_DAEMON.match(line))):
                    write(line)
                silence_told |= bool(silence)
                inside_line = False
    write(b"".join(trace or box or []) + tail)
    if first is not None and first["answer"] is not None:
        with open(report, "a") as file:
            file.write("\nanswered")


def judge(box, report, gave_up, answered):
    text = b" ".join(box.split())
    if not answered and not KNOWN.search(text) and not (gave_up and AFTERMATH.search(text)):
        write(box)
    if death := DEATH.search(text):
        rank, node, number, name = (part.decode(errors="replace") for part in death.groups())
        with open(report, "w") as file:
            file.write(f"rank {rank} on {node} died on signal {number} ({name})")


def write(data):
    while data:
        data = data[os.write(1, data):]


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    main(sys.argv[1], sys.argv[2])
