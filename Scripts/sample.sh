# shellcheck shell=bash
# What `demo` and `serve` share: building order-service and starting it on a fresh database of the cluster that the
# environment names. Whatever way the script ends, the service is stopped; after a failure the end of its log is shown.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

: "${MARTLET_CLUSTER:?run this by Scripts/cluster run DIR}"
readonly service_log=$MARTLET_CLUSTER/order-service.log step_log=$MARTLET_CLUSTER/step.log
readonly port_file=$MARTLET_CLUSTER/order-service.port orders=SampleApp/Data/orders.jsonl
readonly reader_log=$MARTLET_CLUSTER/notification-service.log
service='' reader='' ticker=''
export PGDATABASE=martlet_demo

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

tick() {
    while true; do
        sleep 1
        printf '\r  %-44s %6d s ' "$1" "$((SECONDS - begun))"
    done
}

stop_ticker() {
    [[ -n $ticker ]] || return 0
    kill "$ticker" 2> /dev/null || true
    wait "$ticker" 2> /dev/null || true
    ticker=''
}

# Runs a command with its output kept back until it fails; on a terminal the elapsed time runs along.
step() {
    local what=$1 begun=$SECONDS since=${EPOCHREALTIME/[.,]/} tenths code=0
    printf '  %-44s' "$what"
    if [[ -t 1 ]]; then
        tick "$what" &
        ticker=$!
    fi
    "${@:2}" > "$step_log" 2>&1 || code=$?
    stop_ticker
    if ((code)); then
        printf '\n\n'
        tail -n 40 "$step_log" >&2
        fail "$what: failed (exit code $code)"
    fi
    tenths=$(((${EPOCHREALTIME/[.,]/} - since) / 100000))
    [[ ! -t 1 ]] || printf '\r  %-44s' "$what"
    printf ' %4d.%d s\n' "$((tenths / 10))" "$((tenths % 10))"
}

build_service() {
    local build=(swift build --configuration release --package-path SampleApp)
    step 'building order-service (release)' "${build[@]}" --product order-service
    order_service=$("${build[@]}" --show-bin-path)/order-service
}

make_database() {
    PGOPTIONS='-c client_min_messages=warning' psql --no-psqlrc --quiet --dbname postgres --set ON_ERROR_STOP=1 \
        --command "DROP DATABASE IF EXISTS $PGDATABASE WITH (FORCE)" --command "CREATE DATABASE $PGDATABASE" \
        && "$order_service" migrate
}

# The kernel tells the service to stop when this script is killed. Takes options of `order-service serve`.
start_service() {
    rm -f "$port_file" "$service_log"
    setpriv --pdeathsig TERM "$order_service" serve --port "${PORT:-0}" --port-file "$port_file" \
        "$@" < /dev/null > "$service_log" 2>&1 &
    service=$!
}

# The second service, in a database of its own, where a script wants it.
build_reader() {
    local build=(swift build --configuration release --package-path SampleApp)
    step 'building notification-service (release)' "${build[@]}" --product notification-service
    notification_service=$("${build[@]}" --show-bin-path)/notification-service
}

read_notifications() {
    LOG_DATABASE=$PGDATABASE PGDATABASE=martlet_notifications "$notification_service" "$@"
}

make_reader_database() {
    PGOPTIONS='-c client_min_messages=warning' psql --no-psqlrc --quiet --dbname postgres --set ON_ERROR_STOP=1 \
        --command 'DROP DATABASE IF EXISTS martlet_notifications WITH (FORCE)' \
        --command 'CREATE DATABASE martlet_notifications' \
        && read_notifications migrate
}

start_reader() {
    build_reader
    step 'making its database' make_reader_database
    rm -f "$reader_log"
    LOG_DATABASE=$PGDATABASE PGDATABASE=martlet_notifications \
        setpriv --pdeathsig TERM "$notification_service" run < /dev/null > "$reader_log" 2>&1 &
    reader=$!
}

is_alive() {
    kill -s 0 "${1:-$service}" 2> /dev/null
}

await_port() {
    local attempt
    for attempt in {1..600}; do
        if read -r port 2> /dev/null < "$port_file"; then
            url=http://127.0.0.1:$port
            return
        fi
        is_alive || fail 'order-service ended before it was listening'
        sleep 0.1
    done
    fail "order-service was not listening after $((attempt / 10)) s"
}

# Ends a program that this script has started, by its name and its process id.
stop() {
    local name=$1 pid=$2 attempt code=0
    [[ -n $pid ]] || return 0
    kill -s TERM "$pid" 2> /dev/null || true
    for attempt in {1..150}; do
        is_alive "$pid" || break
        sleep 0.1
    done
    if is_alive "$pid"; then
        printf '%s did not stop within %d s and was killed\n' "$name" "$((attempt / 10))" >&2
        kill -s KILL "$pid" || true
    fi
    wait "$pid" || code=$?
    return "$code"
}

stop_service() {
    local code=0
    stop notification-service "$reader" || code=$?
    reader=''
    stop order-service "$service" || code=$?
    service=''
    return "$code"
}

finish() {
    local code=$? log
    trap '' INT TERM HUP
    stop_ticker
    stop_service || code=$((code ? code : 1))
    for log in "$service_log" "$reader_log"; do
        if ((code > 0 && code < 128)) && [[ -s $log ]]; then
            printf '\nthe last lines of %s:\n' "$log" >&2
            tail -n 20 "$log" >&2
        fi
    done
    exit "$code"
}

# From nothing to a service that listens. Takes what it is about, and options of `order-service serve`.
open_shop() {
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    rm -f "$service_log" "$reader_log"
    printf 'Martlet: %s\n\n' "$1"
    build_service
    step 'making a fresh database and its tables' make_database
    start_service "${@:2}"
    await_port
    printf '  order-service listens on %s\n\n' "$url"
}
