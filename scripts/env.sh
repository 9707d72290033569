# Sourced from the checkout's top folder by demo.sh, test.sh and .ci/run: makes .venv from a lock file.
#
#   icp_env requirements.lock       what the program needs
#   icp_env requirements-dev.lock   that, every extra, and the tools of tests and CI
#
# Both share one .venv, and either adds to what the other made. .venv/.icp-base says for which Python, place and
# locks it was made; where one of them has changed it is made anew. A .venv without that file was made by
# somebody's hand: it is added to, never removed, unless it cannot run pip.

icp_say() { printf '%s\n' "$*" >&2; }

icp_seconds() { date +%s; }

# icp_quietly WHAT COMMAND...: one line with the seconds it took, and the command's output only if it fails.
icp_quietly() {
    icp_what=$1
    shift
    icp_start=$(icp_seconds)
    if icp_output=$("$@" 2>&1); then
        icp_say "$icp_what: $(($(icp_seconds) - icp_start)) s"
    else
        icp_say "$icp_output"
        icp_say "$icp_what: failed, for the reason above."
        return 1
    fi
}

# Sets icp_python to the first Python that is new enough and can make environments.
icp_find_python() {
    icp_without_venv=
    for icp_python in python3.13 python3.12 python3.11 python3; do
        "$icp_python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        "$icp_python" -c 'import ensurepip, venv' 2>/dev/null && return 0
        icp_without_venv=$icp_python
    done
    if [ -n "$icp_without_venv" ]; then
        icp_say "$icp_without_venv cannot make virtual environments: install its venv module (on Debian and Ubuntu the package python3-venv)."
    else
        icp_say "No Python 3.11 or newer was found on the PATH: install one and start this again."
    fi
    return 1
}

icp_make_venv() {
    icp_base="$("$icp_python" -c 'import sys; print(sys.version)') $(pwd -P) $icp_locks" || return 1
    icp_found=$(cat .venv/.icp-base 2>/dev/null) || icp_found=$icp_base
    if [ "$icp_found" != "$icp_base" ] ||
        ! .venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        rm -rf .venv
        icp_quietly "Making .venv with $icp_python" "$icp_python" -m venv .venv || return 1
        printf '%s\n' "$icp_base" >.venv/.icp-base
    fi
}

icp_pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input --quiet "$@"; }

# icp_is FILE TEXT: whether the file is there and says that.
icp_is() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

icp_env() {
    icp_locks=$(cat requirements*.lock | cksum)
    icp_find_python && icp_make_venv || return 1

    # The development lock holds everything that the other one does. What is installed is compiled on all cores, which
    # pip does on one; as with pip, a file that is no Python of this version is left as it is.
    if ! icp_is ".venv/.icp-$1" "$icp_locks" && ! icp_is .venv/.icp-requirements-dev.lock "$icp_locks"; then
        icp_quietly "Installing $1" icp_pip install --no-compile --require-hashes -r "$1" || return 1
        .venv/bin/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || :
        printf '%s\n' "$icp_locks" >".venv/.icp-$1"
    fi

    icp_project=$(cksum <pyproject.toml)
    if ! icp_is .venv/.icp-project "$icp_project"; then
        icp_quietly "Installing clinic-icp" icp_pip install --no-build-isolation --no-deps -e . || return 1
        printf '%s\n' "$icp_project" >.venv/.icp-project
    fi
}
