#!/usr/bin/env bash
# Makes .venv and installs into it what a lock file names, and Luotu itself, editable: setup/python.sh runtime|dev
# Says nothing when that is done already. Takes PYTHON, else the first python3 that is new enough.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python
stamp=.venv/luotu-installed

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

choose_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
        [ "$candidate" != "${PYTHON:-}" ] || break
    done
    candidate=${PYTHON:-python3}
    echo "Luotu needs Python 3.11 or later; $candidate is $("$candidate" --version 2>/dev/null || echo 'not one')." >&2
    echo "Install one, then name it: make ... PYTHON=/path/to/python3.11" >&2
    return 1
}

# What .venv holds once it is up to date: changes with the lock, the project's metadata and the folder (scripts name it).
state_for() {
    local lock=requirements.lock
    [ "$1" = runtime ] || lock=requirements-dev.lock
    echo "$1 $(cat "$lock" pyproject.toml | cksum) $PWD"
}

installed=$(cat "$stamp" 2>/dev/null || true)
if new_enough $python; then
    [ "$installed" != "$(state_for "$1")" ] || exit 0
    # The development lock holds all of the runtime lock.
    [ "$1" != runtime ] || [ "$installed" != "$(state_for dev)" ] || exit 0
else
    chosen=$(choose_python)
    echo "Making .venv with $("$chosen" --version)"
    "$chosen" -m venv --clear .venv
fi

lock=requirements.lock
[ "$1" = runtime ] || lock=requirements-dev.lock
echo "Installing the Python packages of $lock into .venv"
rm -f "$stamp"
$python -m pip --version >/dev/null 2>&1 || $python -m ensurepip >/dev/null
export PIP_DISABLE_PIP_VERSION_CHECK=1
$python -m pip install -qq --require-hashes -r "$lock"
mkdir -p web/dist # the wheel's list of files names it, and the page may not be built yet
$python -m pip install -qq --no-deps --no-build-isolation --editable .
$python -c 'import geocode' # compiles its loops, so that the first command does not wait for it
state_for "$1" >"$stamp"
