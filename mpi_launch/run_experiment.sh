#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes every run of an experiment: one file with a section [runs], whose lists of values make a product.
#
# usage: mpi_launch/run_experiment.sh [-n RANKS] [--only NAME]... FILE
#
#   -n RANKS     as in run_local.sh
#   --only NAME  this run only (may be given again)
#   -h, --help
#
# `fedmobillm check --list-runs FILE` lists them; each writes results/<file>/<name>.h5.  A run in progress is called
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
[[ -f $file ]] || file=$MOBI_ROOT/$file
[[ -f $file ]] || die 2 "no file '${file#"$MOBI_ROOT"/}'; the experiments are in configs/experiments"
file=$(realpath -- "$file")

program=$(mobi_program)
cd "$MOBI_WORK"
runs=$("$program" check --list-runs "$file") || die $? "see the message above"
[[ -n $runs ]] || die 2 "$file has no section [runs] with a line '<name> = <--set arguments>' or '<key> = <values>'"
for name in "${only[@]}"; do
    cut -f 1 <<<"$runs" | grep -qxF -- "$name" || die 2 "no run '$name' in $file; it has: $(cut -f 1 <<<"$runs" | tr '\n' ' ')"
done

experiment=$(basename "$file" .cfg)
mkdir -p "results/$experiment"
# Held until this script and its mpirun have ended.  Other codes than 75: no locks on this file system,
# or no flock; then the program alone keeps two runs from one file.
exec {lock}<"results/$experiment"
flock -n -E 75 "$lock" 2>/dev/null || [[ $? -ne 75 ]] ||
    die 5 "another run_experiment.sh is at work in results/$experiment"
done_already=0 made=0 failed=0 first_code=0
while IFS=$'\t' read -r name arguments <&3; do
    [[ ${#only[@]} -eq 0 || " ${only[*]} " == *" $name "* ]] || continue
    output=results/$experiment/$name
    mapfile -t words < <(xargs -r printf '%s\n' <<<"$arguments") # splits as a shell would, quotes included
    code=0
    if [[ -e $output.h5 ]]; then
        "$program" check --same-as "$output.h5" "$file" "${words[@]}" || code=$?
    else
        say "$experiment: $name"
        mobi_run "$ranks" "$file" --resume "${words[@]}" --set "run.output=$output.partial.h5" || code=$?
    fi
    if [[ $code -eq 0 && -e $output.h5 ]]; then
        done_already=$((done_already + 1))
    elif [[ $code -eq 0 ]]; then
        mv "$output.partial.h5" "$output.h5"
        made=$((made + 1))
    elif [[ -e $output.h5 ]]; then
        complain "run '$name' is not the one that is asked for: move $output.h5 away, or give FILE another name"
        failed=$((failed + 1))
        [[ $first_code -ne 0 ]] || first_code=$code
    elif [[ $code -eq 130 || $code -eq 143 ]]; then
        die "$code" "interrupted in '$name'; start again to go on"
    else
        complain "run '$name' ended with code $code"
        failed=$((failed + 1))
        [[ $first_code -ne 0 ]] || first_code=$code
    fi
done 3<<<"$runs"
say "$experiment: $made made, $done_already there before, $failed failed, in results/$experiment"
exit "$first_code"
