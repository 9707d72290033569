#!/usr/bin/env bash
# Runs the README's two commands as on a machine that has only Python and git: bash scripts/bare.sh [SKIPPED]
#
# SKIPPED: a file that then names, one a line, the tests that were skipped.
#
# A fresh clone in a folder of its own, with nothing beside it; a PATH of Python, git and the basic tools; no browser, no
# Java, no compiler, no git identity, no settings of whoever runs this. Each command runs twice; the second time has to
# find everything made. Browsers and Java that are installed are covered in a mount namespace, which takes root.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

tools=(
    awk basename cat chmod cksum cp cut date dirname env expr find git grep head id ln ls mkdir mktemp mv nproc rm rmdir
    sed sh sleep sort tail touch tr uname uniq wc xargs
)
# Where browsers and Java lie whether or not the PATH names them; choreographer looks at the same places.
hidden_files=(
    /usr/bin/{chrome,chromium,chromium-browser,google-chrome,google-chrome-stable,google-chrome-beta,google-chrome-unstable}
    /usr/bin/{microsoft-edge,microsoft-edge-stable,microsoft-edge-beta,microsoft-edge-dev,brave-browser,brave,vivaldi,firefox}
    /usr/bin/{java,javac} /usr/local/bin/{chrome,chromium,google-chrome,java} /snap/bin/chromium
)
hidden_folders=(/usr/lib/chromium /usr/lib/chromium-browser /usr/lib/jvm /opt/google /opt/chromium.org /opt/microsoft /opt/brave.com /opt/vivaldi)

# What there is to hide, one path a line.
installed() {
    local path
    for path in "${hidden_files[@]}"; do if [ -x "$path" ]; then printf '%s\n' "$path"; fi; done
    for path in "${hidden_folders[@]}"; do
        if [ -d "$path" ] && [ -n "$(ls -A "$path")" ]; then printf '%s\n' "$path"; fi
    done
}

cover() {
    local path
    while read -r path; do
        if [ -d "$path" ]; then mount -t tmpfs -o size=4k none "$path"; else mount --bind /dev/null "$(readlink -f "$path")"; fi
    done < <(installed)
}

# Started anew in a mount namespace where there is something to hide; what is done to it there is gone with it.
if [ -n "$(installed)" ] && [ -z "${icp_covered:-}" ]; then
    if ! unshare --mount true 2>/dev/null; then
        icp_say "A bare machine cannot be shown here: these are installed, and covering them takes root:" "$(installed | tr '\n' ' ')"
        exit 1
    fi
    icp_covered=yes exec unshare --mount bash "$0" "$@"
fi
if [ -n "${icp_covered:-}" ]; then cover; fi
if [ -n "$(installed)" ]; then
    icp_say "These could not be hidden:" "$(installed | tr '\n' ' ')"
    exit 1
fi

icp_find_python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tools" "$work/home"
for tool in "${tools[@]}"; do
    if found=$(command -v "$tool"); then ln -s "$found" "$work/tools/$tool"; fi
done
printf '#!/bin/sh\nexec "%s" "$@"\n' "$("$icp_python" -c 'import sys; print(sys.executable)')" >"$work/tools/python3"
chmod +x "$work/tools/python3"
git -c safe.directory='*' clone --quiet --no-hardlinks . "$work/clone"

# Of the environment only how packages are reached is kept.
kept=()
while IFS='=' read -r name _; do
    case $name in PIP_* | SSL_CERT_* | REQUESTS_CA_BUNDLE | *_proxy | *_PROXY) kept+=("$name=${!name}") ;; esac
done < <(env)
bare() { (cd "$work/clone" && env -i HOME="$work/home" PATH="$work/tools" "${kept[@]}" "$@"); }

bare sh scripts/demo.sh 20000
bare sh scripts/test.sh -n auto --dist loadfile --junitxml "$work/tests.xml"
if [ -n "${1:-}" ]; then "$icp_python" scripts/skipped_tests.py "$work/tests.xml" >"$1"; fi
bare .venv/bin/python - <<'PYTHON'
import shutil
import sys

from choreographer.browsers.chromium import Chromium

found = [one for one in (Chromium.find_browser(skip_local=False), shutil.which("java"), shutil.which("gcc")) if one]
sys.exit(f"The tests could have used {', '.join(found)}." if found else 0)
PYTHON

start=$(icp_seconds)
bare sh scripts/demo.sh 20000
bare sh scripts/test.sh tests/test_layers.py
seconds=$(($(icp_seconds) - start))
icp_say "The second time took $seconds s."
if [ "$seconds" -gt 60 ]; then
    icp_say "That is too long: something was made or installed again."
    exit 1
fi
