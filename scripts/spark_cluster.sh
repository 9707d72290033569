#!/bin/sh
# A Spark cluster on this machine, for tests and trials: a standalone master and two workers, each a process.
#
#   sh scripts/spark_cluster.sh start FOLDER    starts it, prints spark://127.0.0.1:PORT once both workers are there
#   sh scripts/spark_cluster.sh stop FOLDER     ends it
#
# FOLDER holds logs, process numbers and what the workers put aside. Java 17 and the extra `spark` are needed;
# ICP_PYTHON names the Python that has it (python3 unless given), ICP_WORKER_MEMORY the memory of a worker (1g).
set -eu

usage() { sed -n '2,8p' "$0" >&2; exit 2; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
[ "$#" -eq 2 ] || usage

# Its own processes live for a short while and do little: the quick compiler halves what they take to start.
flags="-Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

# start_one NAME CLASS ARGUMENTS...: what pip installs of Spark has no start-master.sh
start_one() {
    name=$1
    shift
    SPARK_HOME=$home SPARK_SCALA_VERSION=$scala nohup java $flags -cp "$home/jars/*" "$@" >"$folder/$name.log" 2>&1 </dev/null &
    printf '%s\n' "$!" >>"$folder/pids"
}

# waited_for PATTERN COUNT: until the master's log has so many lines like that
waited_for() {
    tries=0
    while found=$(grep -c "$1" "$folder/master.log" 2>/dev/null || :) && [ "${found:-0}" -lt "$2" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 2400 ] || { stop; fail "The cluster did not start in four minutes: see $folder/*.log"; }
        sleep 0.1
    done
}

start() {
    python=${ICP_PYTHON:-python3} memory=${ICP_WORKER_MEMORY:-1g}
    command -v java >/dev/null || fail "Java is not installed: on Debian apt-get install openjdk-17-jre-headless"
    home=$("$python" -c 'import pathlib, pyspark; print(pathlib.Path(pyspark.__file__).parent)') ||
        fail "$python has no pyspark: pip install 'clinic-icp[spark]'"
    scala=$(basename "$home"/jars/spark-core_*.jar | sed 's/.*_\([0-9.]*\)-.*/\1/')
    [ ! -e "$folder/pids" ] || fail "$folder/pids is there: a cluster runs, or ended without: stop it first"
    mkdir -p "$folder"
    start_one master org.apache.spark.deploy.master.Master --host 127.0.0.1 --port 0 --webui-port 0
    waited_for 'Starting Spark master at' 1
    master=$(sed -n 's/.*Starting Spark master at \(spark:[^ ]*\).*/\1/p' "$folder/master.log")
    for number in 1 2; do
        start_one "worker-$number" org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --webui-port 0 \
            --cores 1 --memory "$memory" --work-dir "$folder/work-$number" "$master"
    done
    waited_for 'Registering worker' 2
    printf '%s\n' "$master"
}

stop() {
    [ -e "$folder/pids" ] || return 0
    while read -r pid; do kill "$pid" 2>/dev/null || :; done <"$folder/pids"
    rm -f "$folder/pids"
}

folder=$2
case $1 in start) start ;; stop) stop ;; *) usage ;; esac
