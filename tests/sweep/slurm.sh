#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# slurm.sh AUTOMFM PIPELINE [OPTIONS of sweep plan...]: the sweep of a pipeline as an array of a one-node SLURM and as a workflow of Snakemake,
# with workers that are killed and a disk that fills up.  Starts munge, slurmctld and slurmd on loopback under a temporary folder, and ends them.
# Exit code 77: it cannot run here, with the reason.
set -euo pipefail
automfm=$(readlink -f "$1") pipeline=$(readlink -f "$2")
options=("${@:3}")
shards=4
work=$(mktemp -d "${TMPDIR:-/tmp}/automfm-slurm.XXXXXX")
started=() # pids, in the order of their start

skip() {
  printf 'skipped: %s\n' "$*"
  exit 77
}
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  tail -n 20 "$work"/log/*.log 2>/dev/null >&2 || true
  exit 1
}
clean_up() {
  local code=$? i
  for ((i = ${#started[@]} - 1; i >= 0; --i)); do
    kill "${started[i]}" 2>/dev/null || true
    for _ in $(seq 50); do
      kill -0 "${started[i]}" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "${started[i]}" 2>/dev/null || true
  done
  mountpoint -q "$work/small" && umount "$work/small"
  rm -rf "$work"
  exit "$code"
}
trap clean_up EXIT
# wait_for SECONDS WHAT COMMAND...
wait_for() {
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < until)) || fail "$what did not happen in time"
    sleep 0.2
  done
}

((EUID == 0)) || skip "SLURM's daemons are started as root here"
for program in munged slurmctld slurmd sbatch scontrol; do
  command -v "$program" >/dev/null || PATH=$PATH:/usr/sbin
  command -v "$program" >/dev/null || skip "$program is not installed (Debian packages slurm-wlm and munge)"
done

# ---- a cluster of one node -------------------------------------------------------------------------------------------

mkdir -p "$work"/{state,spool,log,munge}
chmod 755 "$work" "$work/munge"
(umask 077 && head -c 1024 /dev/urandom >"$work/munge/key")
port=$((20000 + $$ % 20000))
host=$(hostname -s)
cat >"$work/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/log/slurmctld.log
SlurmdLogFile=$work/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=86400
KillWait=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm.conf
munged --force --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munged.pid" \
  --log-file="$work/log/munged.log" --seed-file="$work/munge/seed" || skip "munged does not start here"
wait_for 10 "munged's start" test -s "$work/munged.pid"
started+=("$(<"$work/munged.pid")")
slurmctld -f "$SLURM_CONF" || skip "slurmctld does not start here"
wait_for 10 "slurmctld's start" test -s "$work/slurmctld.pid"
started+=("$(<"$work/slurmctld.pid")")
slurmd -f "$SLURM_CONF" || skip "slurmd does not start here"
wait_for 10 "slurmd's start" test -s "$work/slurmd.pid"
started+=("$(<"$work/slurmd.pid")")
idle() { [[ $(sinfo -h -o %T 2>/dev/null) =~ ^(idle|mixed|allocated)$ ]]; }
wait_for 30 "the node's readiness" idle

# ---- what everything is compared with --------------------------------------------------------------------------------

plan() { "$automfm" sweep plan "$pipeline" "${options[@]}" --out "$1" >/dev/null; }
plan "$work/serial"
"$automfm" sweep run "$work/serial" --threads 1 --quiet
"$automfm" sweep gather "$work/serial" >/dev/null
same() { # same PLAN WHAT
  "$automfm" sweep gather "$1" >/dev/null || fail "$2: the points could not be gathered"
  cmp "$1/library.h5" "$work/serial/library.h5" || fail "$2: the library is not that of the serial run"
  cmp "$1/library.csv" "$work/serial/library.csv" || fail "$2: the table is not that of the serial run"
  printf 'ok: %s: the same library\n' "$2"
}
made() { "$automfm" sweep status "$1" --json | sed -n 's/^ *"made": \([0-9]*\),*$/\1/p'; }
# The processes of this test's own that make points of a plan.
workers_of() {
  local pid
  for pid in /proc/[0-9]*; do
    [[ $(readlink "$pid/exe" 2>/dev/null) == "$automfm" ]] || continue
    tr '\0' ' ' <"$pid/cmdline" 2>/dev/null | grep -qF "sweep run $1 " && printf '%s\n' "${pid#/proc/}"
  done
  return 0
}

# ---- an array, some of whose workers are killed, and again ------------------------------------------------------------

array() { # array PLAN
  sbatch --parsable --wait --array="1-$shards" --output="$1/logs/%A_%a.txt" --cpus-per-task=1 \
    --wrap "'$automfm' sweep run $1 --threads 1 --quiet" >"$work/job.txt"
}
plan "$work/array"
mkdir -p "$work/array/logs"
[[ ! -d $work/serial/base ]] || cp -r "$work/serial/base" "$work/array/" # it is derived once
array "$work/array" &
waiting=$!
some_made() { (($(made "$work/array") >= 3)); }
wait_for 300 "the array's first points" some_made
killed=0
for pid in $(workers_of "$work/array"); do kill -9 "$pid" 2>/dev/null && killed=$((killed + 1)); done
code=0
wait "$waiting" || code=$?
((killed > 0)) || fail "no worker was there to be killed"
((code != 0)) || fail "the array says that all is well although $killed workers were killed"
left=$(($("$automfm" sweep status "$work/array" --json | sed -n 's/^ *"points": \([0-9]*\),*$/\1/p') - $(made "$work/array")))
((left > 0)) || fail "nothing was left to do"
printf 'ok: %s workers of the array were killed, %s points were left\n' "$killed" "$left"
array "$work/array" || fail "the second array failed"
same "$work/array" "array of $shards tasks after kill -9"

# ---- a full disk ----------------------------------------------------------------------------------------------------

mkdir -p "$work/small"
if [[ ! -d $work/serial/base ]]; then
  : # points of the small sweep are small enough for a small disk
elif mount -t tmpfs -o size=3m tmpfs "$work/small" 2>/dev/null; then
  plan "$work/small/plan"
  code=0
  cp -r "$work/serial/base" "$work/small/plan/" || fail "the base alone fills the disk"
  head -c 10m /dev/zero >"$work/small/filler" 2>/dev/null || true # to the last byte
  "$automfm" sweep run "$work/small/plan" --quiet 2>"$work/full.txt" || code=$?
  ((code == 2)) || fail "on a full disk the exit code was $code, not 2"
  grep -q 'No space left on device' "$work/full.txt" || fail "on a full disk it said: $(<"$work/full.txt")"
  rm "$work/small/filler"
  mount -o remount,size=200m "$work/small"
  "$automfm" sweep run "$work/small/plan" --quiet
  same "$work/small/plan" "a disk that was full"
else
  printf 'not tested: a full disk (no tmpfs can be mounted here)\n'
fi

# ---- Snakemake ------------------------------------------------------------------------------------------------------

if command -v snakemake >/dev/null; then
  plan "$work/flow"
  "$automfm" sweep snakefile "$work/flow" --shards "$shards" --threads 1 >/dev/null
  export XDG_CACHE_HOME=$work/cache
  (
    cd "$work" && snakemake --snakefile "$work/flow/Snakefile" --directory "$work/flow" --config automfm="$automfm" --jobs 2 --retries 3 \
      --latency-wait 10 --cluster 'sbatch --parsable --cpus-per-task={threads} --output=logs/%j.txt' \
      --cluster-status ./slurm_status
  ) >"$work/log/snakemake.log" 2>&1 &
  waiting=$!
  started+=("$waiting")
  flow_made() { (($(made "$work/flow") >= 3)) || ! kill -0 "$waiting" 2>/dev/null; }
  wait_for 300 "the workflow's first points" flow_made
  killed=0
  for pid in $(workers_of .); do kill -9 "$pid" 2>/dev/null && killed=$((killed + 1)); done
  wait "$waiting" || fail "snakemake failed"
  [[ -s $work/flow/library.h5 ]] || fail "snakemake gathered nothing"
  printf 'ok: snakemake ended well after %s of its workers were killed\n' "$killed"
  same "$work/flow" "workflow of $shards shards over SLURM"
else
  printf 'not tested: the workflow (snakemake is not installed)\n'
fi
