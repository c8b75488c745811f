#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes every run of an experiment: one file with a section [runs], whose lists of values make a product.
#
# usage: mpi_launch/run_experiment.sh [-n RANKS] [--only NAME]... FILE
#        mpi_launch/run_experiment.sh [--only NAME]... --slurm [SBATCH OPTION]... FILE
#
#   -n RANKS     as in run_local.sh
#   --only NAME  this run only (may be given again)
#   --slurm      submits one Slurm job with a task for each run that is not there yet; what follows, up to
#                FILE, is for sbatch, e.g. --time=2:00:00 or --array=%4: four of them at a time.  Prints
#                the job's number on stdout.
#   -h, --help
#
# `fedmobillm check --list-runs FILE` lists them; each writes results/<file>/<name>.h5.  A run in progress is called
# <name>.partial.h5 and takes its name when it has finished, so runs whose file exists are skipped, and
# an experiment that was interrupted goes on when it is started again.  A run that is there, but of
# another configuration than its line asks for now, is left alone and counts as failed (code 2).
# With --slurm a task is a run of run_slurm.sbatch, which see for what sbatch is told by default.
set -euo pipefail
# shellcheck source=mpi_launch/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ranks="" only=() file="" slurm=no options=() at_once=""
while [[ $# -gt 0 ]]; do
    case $1 in
        -n) need_value "$@" && ranks=$2 && shift 2 ;;
        --only) need_value "$@" && only+=("$2") && shift 2 ;;
        --slurm) slurm=yes && shift && break ;;
        -h | --help) usage && exit 0 ;;
        -*) unknown_option "$1" ;;
        *)
            [[ -z $file ]] || die 2 "one experiment at a time: '$file' or '$1'"
            file=$1
            shift
            ;;
    esac
done
while [[ $# -gt 0 ]]; do # after --slurm: sbatch's, up to FILE
    case $1 in
        --only) need_value "$@" && only+=("$2") && shift 2 ;;
        -h | --help) usage && exit 0 ;;
        --array=%[1-9]*) at_once=${1#*=} && shift ;;
        --array* | -a*) die 2 "the array is of the runs that are not there yet; --array=%4 has four of them run at a time" ;;
        *) options+=("$1") && shift ;;
    esac
done
if [[ $slurm == yes ]]; then
    [[ -z $ranks ]] || die 2 "-n is for mpirun: with --slurm a rank is a task of the job, so --slurm --nodes=1 --ntasks-per-node=$ranks"
    if [[ -z $file && ${#options[@]} -gt 0 ]]; then
        file=${options[-1]}
        unset 'options[-1]'
        [[ $file != -* ]] || die 2 "FILE comes last: mpi_launch/run_experiment.sh --slurm ${options[*]} $file FILE"
    fi
    command -v sbatch >/dev/null || die 1 "sbatch is missing: --slurm is for a machine from which jobs can be submitted"
fi
[[ -n $file ]] || die 2 "which experiment? mpi_launch/run_experiment.sh configs/experiments/<name>.cfg"
experiment_read "$file"
for name in "${only[@]}"; do
    cut -f 1 <<<"$experiment_runs" | grep -qxF -- "$name" ||
        die 2 "no run '$name' in $experiment_file; it has: $(cut -f 1 <<<"$experiment_runs" | tr '\n' ' ')"
done

mkdir -p "results/$experiment"

# submit: a job with a task for each run whose file is not there.
submit() {
    local name arguments code first_code=0 there=0 names=() job
    while IFS=$'\t' read -r name arguments <&3; do
        is_asked_for "$name" || continue
        if experiment_has "$name"; then
            code=0
            experiment_agrees "$name" "$arguments" || code=$?
            [[ $code -ne 0 ]] || there=$((there + 1))
            [[ $first_code -ne 0 ]] || first_code=$code
        else
            names+=("$name")
        fi
    done 3<<<"$experiment_runs"
    if [[ ${#names[@]} -eq 0 ]]; then
        say "$experiment: nothing to submit, $there there before, in results/$experiment"
        exit "$first_code"
    fi
    job=$(env MOBI_ROOT="$MOBI_ROOT" sbatch --parsable --job-name="$experiment" --output="results/$experiment/slurm-%A_%a.out" "${options[@]}" \
        --array="1-${#names[@]}$at_once" "$MOBI_ROOT/mpi_launch/run_slurm.sbatch" --experiment "$experiment_file" "${names[@]}") ||
        die 1 "sbatch did not take the job: its own words are above"
    job=${job%%;*} # of several clusters it names the one
    say "$experiment: job $job with ${#names[@]} runs, $there there before; results and output go to results/$experiment"
    say "to watch it: squeue --job=$job; to go on with what has not finished: the same command again"
    echo "$job"
    exit "$first_code"
}

# is_asked_for NAME: by --only, or because nothing is.
is_asked_for() { [[ ${#only[@]} -eq 0 || " ${only[*]} " == *" $1 "* ]]; }

if [[ $slurm == yes ]]; then
    experiment_lock --shared
    submit
fi
experiment_lock
done_already=0 made=0 failed=0 first_code=0
while IFS=$'\t' read -r name arguments <&3; do
    is_asked_for "$name" || continue
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
