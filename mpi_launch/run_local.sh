#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs `fedmobillm run` under mpirun on this machine, or on those of a host file.
#
# usage: mpi_launch/run_local.sh [-n RANKS] [--hostfile FILE] -- CONFIG... [--set KEY=VALUE]...
#
#   -n RANKS         rank 0 is the server, the others compute for the devices (default: one worker a
#                    core, plus the server).  The results do not depend on it.
#   --hostfile FILE  machines to start the ranks on; see hostfile.example
#   -h, --help
#
# Everything after -- goes to `fedmobillm run`.  Paths there are relative to the repository's root;
# CONFIG may also be relative to where you are.  Example:
#   mpi_launch/run_local.sh -- configs/quickstart.cfg --set 'link.*.uplink=5 Mbit/s'
#
# Exit code: the program's (2 configuration, 3 input file, 4 MPI or a rank that died, 5 run file,
# 6 training diverged, 70 our bug); 1 where there is no program or no mpirun to run it with; 143 and 130 after SIGTERM and Ctrl-C, which close the run file first.
set -euo pipefail
# shellcheck source=mpi_launch/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ranks=""
while [[ $# -gt 0 ]]; do
    case $1 in
        -n) need_value "$@" && ranks=$2 && shift 2 ;;
        --hostfile) need_value "$@" && MOBI_HOSTFILE=$(realpath -- "$2") && shift 2 ;;
        -h | --help) usage && exit 0 ;;
        --) shift && break ;;
        -*) unknown_option "$1" ;;
        *) die 2 "a configuration comes after --: mpi_launch/run_local.sh -- $1" ;;
    esac
done
[[ $# -gt 0 ]] || die 2 "no configuration: mpi_launch/run_local.sh -- configs/quickstart.cfg"
[[ -z ${MOBI_HOSTFILE:-} || -f $MOBI_HOSTFILE ]] || die 2 "no host file '$MOBI_HOSTFILE'; see mpi_launch/hostfile.example"
mobi_run "$ranks" "$@"
