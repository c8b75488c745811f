#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets this machine up, builds, and runs every test.
#
# usage: tests/run.sh [--yes] [--fast] [--all] [-- CTEST ARGUMENT...]
#
#   --yes       install missing Debian packages without asking
#   --fast      fetch nothing, leave out the tests labelled weights and slow
#   --all       fetch mpnet too (404 MB); else the tests that need it skip
#   -h, --help
#
# MOBI_PRESET=asan tests/run.sh runs them under the sanitizers.  MOBI_SHARED is the folder of reference
# data (default ../shared): tests labelled reference skip where it is absent, and a test of them that
# skips where it is there fails the call.  At the end it says how many ran.  Example:
#   tests/run.sh -- -R tokenizer
set -euo pipefail
# shellcheck source=mpi_launch/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../mpi_launch/common.sh"

fast=no backbones=(minilm)
while [[ $# -gt 0 ]]; do
    case $1 in
        --yes) MOBI_YES=yes && shift ;;
        --fast) fast=yes && shift ;;
        --all) backbones+=(mpnet) && shift ;;
        -h | --help) usage && exit 0 ;;
        --) shift && break ;;
        *) unknown_option "$1" ;;
    esac
done
export MOBI_YES
preset=${MOBI_PRESET:-release}
build=$MOBI_ROOT/build/$preset

if [[ $fast == yes ]]; then
    mobi_prepare
    set -- --label-exclude '^(weights|slow)$' "$@"
else
    slurm=()
    [[ $(id -u) -ne 0 ]] || slurm=("${MOBI_SLURM_PACKAGES[@]}") # its test runs as root only
    mobi_prepare "${MOBI_FETCH_PACKAGES[@]}" "${slurm[@]}"
fi
mobi_build "$preset"
if [[ $fast == no ]]; then
    "$MOBI_ROOT/data/fetch_backbones.sh" "${backbones[@]}"
    "$MOBI_ROOT/data/fetch_wordnet.sh"
fi

if [[ $preset == asan ]]; then
    export LSAN_OPTIONS="suppressions=$MOBI_ROOT/tests/support/leaks_of_others.txt:print_suppressions=0"
    export ASAN_OPTIONS=fast_unwind_on_malloc=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
elif [[ $preset == tsan ]]; then
    export TSAN_OPTIONS="suppressions=$MOBI_ROOT/tests/support/locks_of_others.txt"
fi
say "tests"
export MOBI_SHARED=${MOBI_SHARED:-$MOBI_ROOT/../shared}
[[ ! -d $MOBI_SHARED ]] || MOBI_SHARED=$(realpath -- "$MOBI_SHARED")
code=0
ctest --test-dir "$build" --output-on-failure --no-tests=error --timeout 300 -j "$(mobi_cores)" "$@" </dev/null || code=$?
log=$build/Testing/Temporary/LastTest.log
say "reference data"
python3 "$MOBI_ROOT/tests/support/reference_tests.py" "$log" "$MOBI_SHARED" >&2 || code=$((code == 0 ? 1 : code))
if grep -q HDF5-DIAG "$log"; then
    die 1 "HDF5 reported an error that nobody handled: search for HDF5-DIAG in build/$preset/Testing/Temporary/LastTest.log"
fi
exit "$code"
