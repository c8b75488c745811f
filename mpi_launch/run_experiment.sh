#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes every run of an experiment: one file with a section [runs], one line a run.
#
# usage: mpi_launch/run_experiment.sh [-n RANKS] [--only NAME]... FILE
#
#   -n RANKS     as in run_local.sh
#   --only NAME  this run only (may be given again)
#   -h, --help
#
# A line `<name> = <--set arguments>` writes results/<file>/<name>.h5.  A run in progress is called
# <name>.partial.h5 and takes its name when it has finished, so runs whose file exists are skipped, and
# an experiment that was interrupted goes on when it is started again.  A run that is there, but of
# another configuration than its line asks for now, is left alone and counts as failed (code 2).
set -euo pipefail
# shellcheck source=mpi_launch/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ranks="" only=() file=""
while [[ $# -gt 0 ]]; do
    case $1 in
        -n) need_value "$@" && ranks=$2 && shift 2 ;;
        --only) need_value "$@" && only+=("$2") && shift 2 ;;
        -h | --help) usage && exit 0 ;;
        -*) unknown_option "$1" ;;
        *)
            [[ -z $file ]] || die 2 "one experiment at a time: '$file' or '$1'"
            file=$1
            shift
            ;;
    esac
done
[[ -n $file ]] || die 2 "which experiment? mpi_launch/run_experiment.sh configs/experiments/<name>.cfg"
experiment_read "$file"
for name in "${only[@]}"; do
    cut -f 1 <<<"$experiment_runs" | grep -qxF -- "$name" ||
        die 2 "no run '$name' in $experiment_file; it has: $(cut -f 1 <<<"$experiment_runs" | tr '\n' ' ')"
done

mkdir -p "results/$experiment"
# Held until this script and its mpirun have ended.  Other codes than 75: no locks on this file system,
# or no flock; then the program alone keeps two runs from one file.
exec {lock}<"results/$experiment"
flock -n -E 75 "$lock" 2>/dev/null || [[ $? -ne 75 ]] ||
    die 5 "another run_experiment.sh is at work in results/$experiment"
done_already=0 made=0 failed=0 first_code=0
while IFS=$'\t' read -r name arguments <&3; do
    [[ ${#only[@]} -eq 0 || " ${only[*]} " == *" $name "* ]] || continue
    was_there=no code=0
    ! experiment_has "$name" || was_there=yes
    experiment_run "$ranks" "$name" "$arguments" || code=$?
    case $code:$was_there in
        0:yes) done_already=$((done_already + 1)) ;;
        0:no) made=$((made + 1)) ;;
        130:no | 143:no) exit "$code" ;;
        *)
            failed=$((failed + 1))
            [[ $first_code -ne 0 ]] || first_code=$code
            ;;
    esac
done 3<<<"$experiment_runs"
say "$experiment: $made made, $done_already there before, $failed failed, in results/$experiment"
exit "$first_code"
