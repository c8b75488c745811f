#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh Debian 12 to the report of a first run: installs what is missing, builds, fetches two
# backbones and WordNet, runs 100 emulated Jetsons that teach one side network, makes the report.
#
# usage: mpi_launch/quickstart.sh [--yes] [-n RANKS] [-- --set KEY=VALUE ...]
#
#   --yes       install missing Debian packages without asking
#   -n RANKS    as in run_local.sh
#   -h, --help
#
# Everything after -- changes the run, e.g. `-- --set run.seed=2`.  The run file, the report and its
# figures are written to results/quickstart.  Called again it makes what is missing: a run that was
# interrupted goes on, one that has finished stays; `-- --overwrite` runs again.
set -euo pipefail
# shellcheck source=mpi_launch/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ranks=""
while [[ $# -gt 0 ]]; do
    case $1 in
        --yes) MOBI_YES=yes && shift ;;
        -n) need_value "$@" && ranks=$2 && shift 2 ;;
        -h | --help) usage && exit 0 ;;
        --) shift && break ;;
        *) unknown_option "$1" ;;
    esac
done
export MOBI_YES

say "1/5 packages"
mobi_prepare "${MOBI_FETCH_PACKAGES[@]}"
say "2/5 build"
mobi_build "" fedmobillm
say "3/5 backbones and text"
"$MOBI_ROOT/data/fetch_backbones.sh" minilm mpnet
"$MOBI_ROOT/data/fetch_wordnet.sh"
say "4/5 run"
cd "$MOBI_ROOT"
mkdir -p results/quickstart
resume=(--resume)
[[ " $* " != *" --overwrite "* ]] || resume=()
mobi_run "$ranks" configs/quickstart.cfg "${resume[@]}" --set run.output=results/quickstart/run.h5 "$@"
say "5/5 report"
"$MOBI_PYTHON" analysis/report.py results/quickstart/run.h5
say "done in $((SECONDS / 60)) min $((SECONDS % 60)) s"
say "the report:   $MOBI_ROOT/results/quickstart/report.html"
say "the run file: $MOBI_ROOT/results/quickstart/run.h5"
