#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the launch, fetch and test scripts share; they source it, it does nothing by itself.
#
# usage: source mpi_launch/common.sh
#
# Environment read by every script:
#   MOBI_PRESET   CMake preset to build and run (default release)
#   MOBI_JOBS     compile jobs (default: one a core, at most one per 2 GiB of memory)
#   MOBI_INSTALL  no: install nothing, take the compiler and the libraries that are there
#   MOBI_MPIRUN   further arguments for mpirun, separated by blanks
#   NO_COLOR      any value: no colours
set -euo pipefail

MOBI_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
MOBI_SELF=$(cd "$(dirname "$0")" && pwd -P)/$(basename "$0")
# Where runs are made, with data/cache and results: the repository; of an installed copy, <prefix>/share/fedmobillm,
# which need not be writable, the folder where the caller is.
MOBI_PREFIX="" MOBI_WORK=$MOBI_ROOT
if [[ $MOBI_ROOT == */share/fedmobillm && -x ${MOBI_ROOT%/share/fedmobillm}/bin/fedmobillm ]]; then
    MOBI_PREFIX=${MOBI_ROOT%/share/fedmobillm} MOBI_WORK=$(pwd -P)
fi
MOBI_NAME=$(basename "$0")
[[ $MOBI_NAME != slurm_script ]] || MOBI_NAME=run_slurm.sbatch # Slurm runs a copy of that name
MOBI_YES=${MOBI_YES:-no}
MOBI_PYTHON=""

# Seconds that mpirun has to end once a rank has given up, and the code that stands for one that had to be ended.
MOBI_GRACE=20
MOBI_HUNG=124

# Debian 12 packages, by need.  libopenblas0-openmp: without it LibTorch runs on the reference BLAS,
# 80 times slower; the pthread build ignores LibTorch's thread count.
MOBI_BUILD_PACKAGES=(g++ cmake ninja-build git pkg-config libopenmpi-dev openmpi-bin libtorch-dev libdnnl-dev
    libopenblas0-openmp libhdf5-dev hdf5-tools libboost-program-options-dev libgtest-dev libfmt-dev
    libspdlog-dev nlohmann-json3-dev libicu-dev python3)
MOBI_ANALYSIS_PACKAGES=(python3-h5py python3-numpy python3-matplotlib)
MOBI_FETCH_PACKAGES=(python3-pip wordnet-base)
MOBI_SLURM_PACKAGES=(slurm-wlm munge) # for tests labelled slurm
export MOBI_BUILD_PACKAGES MOBI_ANALYSIS_PACKAGES MOBI_FETCH_PACKAGES MOBI_SLURM_PACKAGES

if [[ -t 2 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    mobi_bold=$'\e[1m' mobi_red=$'\e[31m' mobi_plain=$'\e[0m'
else
    mobi_bold="" mobi_red="" mobi_plain=""
fi

# say TEXT...: one line on what happens now.  On stderr, so that it never mixes with a result.
say() { printf '%s==> %s%s\n' "$mobi_bold" "$*" "$mobi_plain" >&2; }

# complain TEXT...: one line on what went wrong and what to do about it.
complain() { printf '%s%s: %s%s\n' "$mobi_red" "$MOBI_NAME" "$*" "$mobi_plain" >&2; }

# die CODE TEXT...: complains and ends the script.  Codes as in the program: 2 usage, 3 input data,
# 4 a rank or MPI; 1 for the rest.
die() {
    local code=$1
    shift
    complain "$@"
    exit "$code"
}

# usage: prints the comment at the head of the running script.
usage() { awk 'NR > 1 && !/^#/ { exit } NR > 2 && !/^#SBATCH/ { sub(/^# ?/, ""); print }' "$MOBI_SELF"; }

unknown_option() { die 2 "unknown option '$1'; see $MOBI_NAME --help"; }

# need_value WORDS...: fails when the option that these words begin with has no value after it.
need_value() { [[ $# -ge 2 ]] || die 2 "$1 needs a value; see $MOBI_NAME --help"; }

# logged NAME COMMAND...: runs with the output in build/log/NAME.log; shows its end on failure.
logged() {
    local log=$MOBI_WORK/build/log/$1.log
    shift
    mkdir -p "$(dirname "$log")"
    "$@" </dev/null >"$log" 2>&1 && return 0
    tail -n 12 "$log" >&2
    return 1
}

# mobi_cores: how many cores this process may use.  nproc alone would count what OMP_NUM_THREADS and
# OMP_THREAD_LIMIT say, which are about the threads of one rank.
mobi_cores() { env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc; }

# ask QUESTION: true when the answer is yes, when --yes was given, or when nobody is there to ask.
ask() {
    local answer
    [[ $MOBI_YES == yes || ! -t 0 || ! -t 2 ]] && return 0
    read -r -p "$1 [Y/n] " answer || return 1
    [[ -z $answer || $answer == [yY]* ]]
}

# as_root COMMAND...: runs it as root, through sudo where that can work.
as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    else
        sudo "$@"
    fi
}

can_be_root() {
    [[ $(id -u) -eq 0 ]] || { command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; }
}

# mobi_install PACKAGE...: installs those that are missing; silent when none is.
mobi_install() {
    local package missing=()
    if [[ ${MOBI_INSTALL:-} == no ]] || ! command -v dpkg-query >/dev/null; then
        say "installing no Debian packages: taking the compiler and the libraries that this system has"
        return 0
    fi
    for package in "$@"; do
        [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
            missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    local command="apt-get install --no-install-recommends ${missing[*]}"
    can_be_root || die 1 "these packages are missing and need root: $command"
    ask "Install these Debian packages with apt-get: ${missing[*]}?" || die 1 "nothing was installed; by hand: $command"
    say "installing ${#missing[@]} packages with apt-get (minutes; log: build/log/apt.log): ${missing[*]}"
    local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
    [[ -z ${CI:-} ]] || apt+=(-o Dpkg::Options::=--force-unsafe-io) # a machine that is thrown away: no fsync per file
    if ! logged apt_update "${apt[@]}" update ||
        ! logged apt "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; then
        die 1 "apt-get could not install ${missing[*]}: this needs a network and Debian 12; then run again"
    fi
}

# mobi_use_openblas [machine]: the OpenMP build of OpenBLAS becomes the BLAS of this run; with
# `machine`, as root and after asking, that of the machine.  libtorch-dev brings the pthread build too,
# which Debian prefers; libblas.so.3 finds its libopenblas.so.0 through the same alternatives.
mobi_use_openblas() {
    local library name current wanted
    command -v update-alternatives >/dev/null || return 0
    for library in libblas.so.3 liblapack.so.3 libopenblas.so.0; do
        read -r name _ current < <(update-alternatives --get-selections | grep "^$library-") || continue
        wanted=$(update-alternatives --list "$name" | sed -n '/openblas-openmp/p')
        [[ -n $wanted && $current != "$wanted" ]] || continue
        if [[ ${1:-} == machine && $(id -u) -eq 0 ]] && ask "Make $wanted this machine's $library (now $current)?" &&
            logged alternatives update-alternatives --set "$name" "$wanted"; then
            say "$library is now OpenBLAS, the OpenMP build (update-alternatives --auto $name takes it back)"
        else
            say "$library: ${wanted%/*} for this run, the machine's is $current"
            export LD_LIBRARY_PATH="${wanted%/*}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
            return 0
        fi
    done
}

# mobi_find_python: sets MOBI_PYTHON to the first Python on the path that has what the analysis needs,
# else to Debian's; false when none has.
mobi_find_python() {
    local python
    while read -r python; do
        if "$python" -c 'import h5py, numpy, matplotlib' 2>/dev/null; then
            MOBI_PYTHON=$python
            return 0
        fi
    done < <(type -aP python3 python; echo /usr/bin/python3)
    return 1
}

# mobi_prepare PACKAGE...: everything that a build and its analysis need, and PACKAGE....
mobi_prepare() {
    local analysis=()
    mobi_find_python || analysis=("${MOBI_ANALYSIS_PACKAGES[@]}")
    mobi_install "${MOBI_BUILD_PACKAGES[@]}" "${analysis[@]}" "$@"
    mobi_find_python || die 1 "no Python imports h5py, numpy and matplotlib: apt-get install ${MOBI_ANALYSIS_PACKAGES[*]}"
    mobi_use_openblas machine
}

# mobi_hash_is NAME FILE: whether FILE has the hash that data/SHA256SUMS states for NAME.
mobi_hash_is() {
    local hash
    hash=$(awk -v name="$1" '$2 == name { print $1 }' "$MOBI_ROOT/data/SHA256SUMS")
    [[ -n $hash && -f $2 ]] && sha256sum --status -c <<<"$hash  $2"
}

# mobi_folder_is_whole NAME [FOLDER]: the same for every file under NAME (default: it is FOLDER too).
mobi_folder_is_whole() {
    local file files
    mapfile -t files < <(awk -v name="$1/" 'index($2, name) == 1 { print $2 }' "$MOBI_ROOT/data/SHA256SUMS")
    for file in "${files[@]}"; do
        mobi_hash_is "$file" "${2:-$1}/${file#"$1"/}" || return 1
    done
    [[ ${#files[@]} -gt 0 ]]
}

# mobi_build [PRESET] [TARGET]: configures and builds, with ccache where it is installed.
mobi_build() {
    local preset=${1:-${MOBI_PRESET:-release}} jobs options=() only=()
    [[ -z ${2:-} ]] || only=(--target "$2")
    jobs=$(awk -v n="$(mobi_cores)" '/^MemTotal/ { m = int($2 / 2097152) } END { print m < 1 ? 1 : m < n ? m : n }' /proc/meminfo)
    [[ -z $MOBI_PYTHON ]] || options+=("-DPython3_EXECUTABLE=$MOBI_PYTHON")
    if command -v ccache >/dev/null; then
        options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
        export CCACHE_BASEDIR=$MOBI_ROOT CCACHE_NOHASHDIR=1
    fi
    cd "$MOBI_ROOT"
    logged configure cmake --preset "$preset" "${options[@]}" ||
        die 1 "CMake could not configure the preset '$preset'; all that it said: build/log/configure.log"
    cmake --build --preset "$preset" -j "${MOBI_JOBS:-$jobs}" "${only[@]}" ||
        die 1 "the build of the preset '$preset' failed: see above"
}

# mobi_program: the path of fedmobillm; says how to build it when it is not there.
mobi_program() {
    local preset=${MOBI_PRESET:-release}
    [[ -z $MOBI_PREFIX ]] || { echo "$MOBI_PREFIX/bin/fedmobillm" && return; }
    local path=$MOBI_ROOT/build/$preset/src/app/fedmobillm
    [[ -x $path ]] || die 1 "fedmobillm is not built: run mpi_launch/quickstart.sh, or cmake --preset $preset && cmake --build --preset $preset"
    echo "$path"
}

# rank_zero MPIRUN_PID: the process id of rank 0, if that runs on this machine.
rank_zero() {
    local folder
    for folder in /proc/[0-9]*; do
        if grep -qs "^PPid:[[:space:]]*$1\$" "$folder/status" &&
            grep -qsz '^OMPI_COMM_WORLD_RANK=0$' "$folder/environ"; then
            echo "${folder#/proc/}"
            return 0
        fi
    done
    return 1
}

# pass_signal SIGNAL MPIRUN_PID: the first one goes to rank 0 alone, which closes the run file in its
# own time (mpirun would give it one second); another one ends everything.
pass_signal() {
    local rank
    if [[ -z $mobi_caught ]] && rank=$(rank_zero "$2"); then
        kill -s "$1" "$rank" 2>/dev/null || true
        tell_end_of "$rank" "$mobi_ending" </dev/null >/dev/null 2>&1 &
    else
        kill -s "$mobi_ends_mpirun" "$2" 2>/dev/null || true
        echo "mpirun has been told to end" >>"$mobi_ending"
    fi
    mobi_caught=$1 mobi_interrupted=yes
}

# tell_end_of PROCESS FILE: waits for the end of a process that has been told to end, then notes it in FILE.
tell_end_of() {
    trap '' INT TERM HUP
    drop_lock
    while kill -0 "$1" 2>/dev/null; do sleep 0.2; done
    [[ ! -e $2 ]] || echo "rank 0 has ended" >>"$2"
}

# end_hanging MPIRUN_PID FILE: mpirun waits for hosts that it cannot reach, and crashes at the second Ctrl-C.
# This ends it, and the ssh that it has started, if it is still there MOBI_GRACE seconds after FILE says that
# a rank has given up or has ended; FILE says so then.
end_hanging() {
    local folder since="" below=()
    trap '' INT TERM HUP # which are for the script, and reach its whole group
    drop_lock
    while kill -0 "$1" 2>/dev/null; do
        [[ -n $since || ! -s $2 ]] || since=$SECONDS
        if [[ -n $since && $((SECONDS - since)) -ge $MOBI_GRACE ]]; then
            for folder in /proc/[0-9]*; do
                ! grep -qs "^PPid:[[:space:]]*$1\$" "$folder/status" || below+=("${folder#/proc/}")
            done
            echo "mpirun was ended" >>"$2"
            kill -s KILL "$1" "${below[@]}" 2>/dev/null || true
            return 0
        fi
        sleep 0.5
    done
}

# mobi_mpirun RANKS COMMAND...: prints the mpirun line, runs it, returns the command's exit code; 4
# when a rank died, 143 or 130 after SIGTERM or SIGINT.  MOBI_HOSTFILE: where to start the ranks.
mobi_mpirun() {
    local ranks=$1 line start code filtered filter_pid report further=() filter=(cat)
    shift
    command -v mpirun >/dev/null || die 1 "mpirun is missing: apt-get install openmpi-bin, or load your cluster's Open MPI"
    read -r -a further <<<"${MOBI_MPIRUN:-}"
    line=(mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1
        -x OMP_NUM_THREADS=1 -x OPENBLAS_NUM_THREADS=1)
    [[ -z ${LD_LIBRARY_PATH:-} ]] || line+=(-x LD_LIBRARY_PATH)
    [[ $(id -u) -ne 0 ]] || line+=(--allow-run-as-root)
    [[ -z ${MOBI_HOSTFILE:-} ]] || line+=(--hostfile "$MOBI_HOSTFILE")
    line+=("${further[@]}" -np "$ranks" "$@")
    say "$(printf '%q ' "${line[@]}")</dev/null" # without it mpirun eats the lines of a loop that it is pasted into

    report=$(mktemp 2>/dev/null) ||
        die 2 "no temporary file can be made in TMPDIR=${TMPDIR:-/tmp}: set TMPDIR to a folder that can be written"
    mobi_ending=$report.ending
    : >"$mobi_ending"
    ! command -v python3 >/dev/null || filter=(python3 "$MOBI_ROOT/mpi_launch/mpirun_filter.py" "$report" "$mobi_ending")
    # Ctrl-C reaches the filter too, and before it has told Python what to do with it.
    exec {filtered}> >(trap '' INT TERM HUP; exec "${filter[@]}" >&2)
    filter_pid=$!
    # A session of its own: Ctrl-C reaches this script alone, which passes it on in good order.
    start=(setsid) mobi_ends_mpirun=TERM
    if [[ -n ${SLURM_JOB_ID:-} ]] && env --block-signal=TERM true 2>/dev/null; then
        # scancel and requeues send SIGTERM to every process: mpirun must not end rank 0 over it
        start+=(env --block-signal=TERM) mobi_ends_mpirun=INT
    fi
    "${start[@]}" "${line[@]}" </dev/null 2>&"$filtered" {filtered}>&- &
    mobi_mpirun_pid=$! mobi_caught="" mobi_interrupted=yes code=0
    exec {filtered}>&-
    end_hanging "$mobi_mpirun_pid" "$mobi_ending" </dev/null >/dev/null 2>&1 &
    trap 'pass_signal TERM $mobi_mpirun_pid' TERM HUP
    trap 'pass_signal INT $mobi_mpirun_pid' INT
    while [[ $mobi_interrupted == yes ]]; do # a trapped signal interrupts the wait, not the run
        mobi_interrupted=no
        # what bash would say about a death of mpirun itself, e.g. by two signals in a row, helps nobody
        { wait "$mobi_mpirun_pid" && code=0 || code=$?; } 2>/dev/null
    done
    trap - TERM HUP INT
    if grep -qs "mpirun was ended" "$mobi_ending"; then
        code=$MOBI_HUNG
        rm -rf "${TMPDIR:-/tmp}"/ompi.*."$(id -u)/pid.$mobi_mpirun_pid"
        sleep 1 # for what is in the pipe, whose other end somebody may still hold
        kill -s KILL "$filter_pid" 2>/dev/null || true
    fi
    wait "$filter_pid" 2>/dev/null || true
    explain_end "$code" "$(cat "$report"; rm -f "$report" "$mobi_ending")"
}

# mobi_run RANKS CONFIG... [ARGUMENT...]: `fedmobillm run` in MOBI_WORK; RANKS empty = one worker a core,
# plus the server.  A CONFIG may be relative to where the caller is, or to the repository or its copy.
mobi_run() {
    local ranks=${1:-$(($(mobi_cores) + 1))} path word before="" words=()
    shift
    [[ $ranks =~ ^[1-9][0-9]*$ ]] || die 2 "-n takes a number of ranks, 1 or more, not '$ranks'"
    for word in "$@"; do
        if [[ $before != --set && $word != -* ]]; then
            [[ -f $word || -z $MOBI_PREFIX || ! -f $MOBI_ROOT/$word ]] || word=$MOBI_ROOT/$word
            [[ ! -f $word ]] || word=$(realpath -- "$word")
            word=${word#"$MOBI_WORK"/}
        fi
        words+=("$word")
        before=$word
    done
    path=$(mobi_program) || exit $?
    mobi_use_openblas
    cd "$MOBI_WORK"
    mobi_mpirun "$ranks" "$path" run "${words[@]}"
}

# experiment_read FILE: goes to MOBI_WORK; sets experiment (its name), experiment_file and
# experiment_runs (`name<TAB>arguments` a line).
experiment_read() {
    local file=$1 program
    [[ -f $file ]] || file=$MOBI_ROOT/$file
    [[ -f $file ]] || die 2 "no file '${file#"$MOBI_ROOT"/}'; the experiments are in configs/experiments"
    experiment_file=$(realpath -- "$file")
    program=$(mobi_program) || exit $?
    cd "$MOBI_WORK"
    experiment_runs=$("$program" check --list-runs "$experiment_file") || die $? "see the message above"
    [[ -n $experiment_runs ]] || die 2 "$experiment_file has no section [runs] with a line '<name> = <--set arguments>' or '<key> = <values>'"
    experiment=$(basename "$experiment_file" .cfg)
}

# experiment_has NAME: whether the file of this run is there.
experiment_has() { [[ -e results/$experiment/$1.h5 ]]; }

# experiment_lock [--shared]: keeps run_experiment.sh and jobs of the same experiment apart, until this
# script and its mpirun have ended.  Jobs of it share the lock: the program keeps two runs from one file.
experiment_lock() {
    exec {mobi_lock}<"results/$experiment"
    # Other codes than 75: no locks on this file system, or no flock; then the program alone does.
    flock -n -E 75 "$@" "$mobi_lock" 2>/dev/null || [[ $? -ne 75 ]] ||
        die 5 "results/$experiment is in use by another run_experiment.sh or by its job"
}

# drop_lock: for what outlives the script, which would hold it.
drop_lock() { [[ -z ${mobi_lock:-} ]] || exec {mobi_lock}<&-; }

# experiment_words ARGUMENTS: sets experiment_set to the words, split as a shell would, quotes included.
experiment_words() { mapfile -t experiment_set < <(xargs -r printf '%s\n' <<<"$1"); }

# experiment_agrees NAME ARGUMENTS: whether the file that is there is that of the run which is asked for.
experiment_agrees() {
    local output=results/$experiment/$1.h5 code=0
    experiment_words "$2"
    "$(mobi_program)" check --same-as "$output" "$experiment_file" "${experiment_set[@]}" || code=$?
    [[ $code -eq 0 ]] ||
        complain "run '$1' is not the one that is asked for: move $output away, or give FILE another name"
    return "$code"
}

# experiment_run RANKS NAME ARGUMENTS: makes one run, or goes on with it, unless its file is there;
# returns its exit code.
experiment_run() {
    local ranks=$1 name=$2 output=results/$experiment/$2 code=0
    if experiment_has "$name"; then
        experiment_agrees "$name" "$3"
        return
    fi
    say "$experiment: $name"
    experiment_words "$3"
    mobi_run "$ranks" "$experiment_file" --resume "${experiment_set[@]}" --set "run.output=$output.partial.h5" || code=$?
    case $code in
        0) mv "$output.partial.h5" "$output.h5" || code=5 ;;
        130 | 143) complain "interrupted in '$name'; start again to go on" ;;
        *) complain "run '$name' ended with code $code" ;;
    esac
    return "$code"
}

# explain_end CODE REPORT: turns mpirun's exit code into ours and adds the line that is missing.
explain_end() {
    local code=$1 death=${2%$'\nanswered'} by_signal=143
    [[ ${mobi_caught:-$code} != @(INT|130) ]] || by_signal=130
    # rank 0 has said that the file is closed: how mpirun ended the others does not matter, unless a
    # rank that died is why rank 0 had a signal
    [[ $code -eq 0 || $2 == "$death" || (-z $mobi_caught && -n $death) ]] || return "$by_signal"
    if [[ $code -ne 0 && -n $mobi_caught ]]; then
        [[ $code -eq 130 || $code -eq 143 || $code -eq $MOBI_HUNG ]] ||
            complain "ended by SIG$mobi_caught at once: the run file keeps every flushed row, and its status says whether rank 0 could close it"
        return "$by_signal"
    fi
    case $code in
        0 | 2 | 3 | 5 | 6 | 70) return "$code" ;; # the program has said why
        "$MOBI_HUNG") return 4 ;;                 # so it has here
        4 | 130 | 143) [[ -n $death ]] || return "$code" ;;
        13[2-9]) death=${death:-a rank died on signal $((code - 128)) (SIG$(kill -l $((code - 128))))} ;;
    esac
    if [[ -z $death ]]; then # 1: wrong arguments, too few slots; 255: a host that cannot be reached; ...
        complain "mpirun could not run the ranks (its code $code): its own words are above"
        return 4
    fi
    complain "$death and the others were ended; the run file keeps every flushed row and says that it is incomplete"
    return 4
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    usage
fi
