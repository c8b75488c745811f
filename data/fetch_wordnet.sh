#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the WordNet task, data/cache/wordnet/{train,test}.tsv, of Debian's package wordnet-base: 12,000
# and 3,000 noun glosses, each with one of 26 kinds; see make_wordnet.py.
#
# usage: data/fetch_wordnet.sh [--all] [--yes]
#
#   --all       all 82,115 glosses (the same test set), in data/cache/wordnet_all
#   --yes       install wordnet-base without asking
#   -h, --help
#
# Without root or a network: MOBI_WORDNET=<path of WordNet 3.0's data.noun> data/fetch_wordnet.sh.
set -euo pipefail
# shellcheck source=mpi_launch/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../mpi_launch/common.sh"

name=wordnet options=()
while [[ $# -gt 0 ]]; do
    case $1 in
        --all) name=wordnet_all options=(--all) && shift ;;
        --yes) MOBI_YES=yes && shift ;;
        -h | --help) usage && exit 0 ;;
        *) unknown_option "$1" ;;
    esac
done

folder=$MOBI_WORK/data/cache/$name
if mobi_folder_is_whole "$name" "$folder"; then
    say "$name is there"
    exit 0
fi
source=${MOBI_WORDNET:-/usr/share/wordnet/data.noun}
[[ -n ${MOBI_WORDNET:-} || -f $source ]] || mobi_install wordnet-base
[[ -f $source ]] || die 3 "no file '$source': apt-get install wordnet-base, or set MOBI_WORDNET to WordNet 3.0's data.noun"
say "making $name of $source"
python3 "$MOBI_ROOT/data/make_wordnet.py" "$source" "$folder" "${options[@]}" || exit 3
if ! mobi_folder_is_whole "$name" "$folder"; then
    rm -f "$folder/train.tsv" "$folder/test.tsv"
    die 3 "$source does not give the texts that data/SHA256SUMS names: it must be that of wordnet-base 1:3.0 (Debian 12)"
fi
