#!/usr/bin/env bash
# Installs the Debian packages that are needed and missing: setup/debian.sh postgis|chromium|gdal|qgis|font|venv ...
# Says nothing when nothing is missing. Without root and sudo it prints what root has to run.
set -eu
cd "$(dirname "$0")/.."

has_postgis() {
    local bin
    for bin in /usr/lib/postgresql/*/bin "$(pg_config --bindir 2>/dev/null)"; do
        [ -x "$bin/initdb" ] && [ -f "$("$bin/pg_config" --sharedir)/extension/postgis.control" ] && return
    done
    return 1
}

# The browser, a font for its Chinese, and what the Node of its driver (Playwright's own) is linked with.
has_chromium() {
    command -v chromium >/dev/null && fc-list :lang=zh 2>/dev/null | grep -q . && compgen -G '/usr/lib/*/libatomic.so.1*' >/dev/null
}

# Programs that read the OGC API as other people's: GDAL of the distribution, and QGIS as a library (about 900 MB).
has_gdal() {
    command -v ogr2ogr >/dev/null
}

has_qgis() {
    [ -d /usr/lib/python3/dist-packages/qgis ]
}

# A Chinese font for certificates, where typst looks for it.
has_font() {
    find /usr/share/fonts /usr/local/share/fonts ~/.local/share/fonts -name 'NotoSerifCJK*' -o -name 'NotoSansCJK*' \
        -o -name 'SourceHanSerif*' -o -name 'wqy-microhei*' 2>/dev/null | grep -q .
}

# A Python that was named is its owner's business.
has_venv() {
    [ -x .venv/bin/python ] || [ -n "${PYTHON:-}" ] || python3 -c 'import ensurepip' 2>/dev/null
}

# PostGIS for the newest server that is there, so that no second server comes; else Debian's release-neutral metapackage.
postgis_package() {
    local newest
    newest=$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | cut -d/ -f5 | sort -n | tail -1)
    if [ -n "$newest" ]; then echo "postgresql-$newest-postgis-3"; else echo postgresql-postgis; fi
}

# A first PostgreSQL server would make and start a cluster "main" on port 5432; postgresql-common leaves it when told so here.
no_main_cluster() {
    local directory=/etc/postgresql-common/createcluster.d
    echo "mkdir -p $directory && echo 'create_main_cluster = false' > $directory/luotu.conf && "
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        sh -c "$1"
    elif [ -t 0 ]; then
        sudo sh -c "$1"
    else
        sudo -n sh -c "$1"
    fi
}

can_be_root() {
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }
}

packages=()
before=""
for need in "$@"; do
    "has_$need" && continue
    case $need in
        postgis)
            packages+=("$(postgis_package)")
            [ "${packages[-1]}" = postgresql-postgis ] && before=$(no_main_cluster)
            ;;
        chromium) packages+=(chromium fonts-wqy-microhei libatomic1) ;;
        gdal) packages+=(gdal-bin) ;;
        qgis) packages+=(python3-qgis) ;;
        font) packages+=(fonts-noto-cjk) ;;
        venv) packages+=(python3-venv) ;;
    esac
done
[ ${#packages[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Missing here, by their Debian names: ${packages[*]}." >&2
    echo "This system has no apt-get: install the like with its own package manager, then repeat the command." >&2
    exit 1
fi

# An update that fails (a foreign source that is down, no network but a full cache) need not make the installation fail.
install="${before}{ apt-get update; DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=400 ${packages[*]}; }"
if ! can_be_root; then
    printf 'Packages are missing that only root can install. Run this line as root, then repeat the command:\n\n    %s\n\n' "$install" >&2
    exit 1
fi

echo "Installing Debian packages: ${packages[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! as_root "$install" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    printf '\nThe packages could not be installed. As root, this line must succeed first:\n\n    %s\n\n' "$install" >&2
    exit 1
fi
