#!/usr/bin/env bash
# The main job on the sample district, and its end: setup/demo.sh start|stop
# SERVE=0 stops before serving. The server notes its process in var/serve.pid.
set -eu
cd "$(dirname "$0")/.."
pid_file=var/serve.pid

step() {
    printf '\n$ luotu %s\n' "$*"
    .venv/bin/luotu "$@"
}

# The number may be left over, and some other program's by now.
is_serving() {
    [ -f $pid_file ] && tr '\0' ' ' 2>/dev/null <"/proc/$(cat $pid_file)/cmdline" | grep -q 'luotu serve'
}

first_code() {
    .venv/bin/luotu code "$1" 2>/dev/null | grep -oE '[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{3}' | head -n 1
}

# A key for each role of this machine's office, good for a week; those of the last demo end.
keys() {
    printf '\n'
    for role in surveyor planner registrar auditor admin; do
        issue="key issue local --role $role --label demo --days 7 --replace"
        # once more to show what went wrong
        key=$(.venv/bin/luotu $issue 2>/dev/null) || .venv/bin/luotu $issue
        printf '%-10s %s\n' "$role" "$key"
        [ "$role" = planner ] && shown=$key
    done
    printf 'Show one to the server: curl -H "Authorization: Bearer %s" http://127.0.0.1:8000/session\n' "$shown"
    printf 'Who may what: docs/access.md. Without a key you are, on this machine, the demonstration office, which may do everything.\n'
}

start() {
    step db start
    step layers load data/samples/district.gpkg
    step upload data/samples/survey.zip
    step resolve "$(first_code data/samples/survey.zip)" --format table
    keys
    if [ "${SERVE:-1}" = 0 ]; then
        printf '\nThe database keeps running; make stop ends it.\n'
        exit
    fi
    if is_serving; then
        printf '\nServing already; make stop ends it.\n'
        exit
    fi
    mkdir -p var
    echo $$ >$pid_file
    printf '\n$ luotu serve\n'
    exec .venv/bin/luotu serve
}

stop() {
    if is_serving; then
        echo "Stopping the server"
        kill "$(cat $pid_file)"
    fi
    rm -f $pid_file
    if [ -x .venv/bin/luotu ]; then .venv/bin/luotu db stop; fi
}

"$1"
