#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a command on one of the hosts of hosts.py: what mpirun has instead of ssh (plm_rsh_agent).  What the command
# says goes to FOLDER/HOST.log: it may outlive this script, and must not keep the caller's pipes open then.
#
# usage: MOBI_HOSTS=FOLDER tests/hosts/enter_host.sh HOST COMMAND...
#
#   -h, --help
set -euo pipefail

case ${1:-} in
    -h | --help) awk 'NR > 1 && !/^#/ { exit } NR > 2 { sub(/^# ?/, ""); print }' "${BASH_SOURCE[0]}" && exit 0 ;;
    -*) echo "enter_host.sh: unknown option '$1'; see --help" >&2 && exit 2 ;;
esac
if [[ $# -lt 2 || ! -f ${MOBI_HOSTS:-}/$1.pid ]]; then
    echo "enter_host.sh: MOBI_HOSTS=${MOBI_HOSTS:-} has no host '${1:-}'; see --help" >&2
    exit 255 # as ssh
fi
host=$1
shift
# as with ssh the words are one line of a shell, in an environment of its own
exec nsenter --target="$(<"$MOBI_HOSTS/$host.pid")" --net --uts --mount --wd=/ -- \
    env -i PATH="$PATH" HOME="${HOME:-/}" TMPDIR="$MOBI_HOSTS/$host" MOBI_HOSTS="$MOBI_HOSTS" sh -c "$*" \
    >>"$MOBI_HOSTS/$host.log" 2>&1
