#!/bin/sh
# Makes .venv where needed and runs the tests: all of them on all cores, a file to a core at a time. Arguments go to
# pytest instead: sh scripts/test.sh -k compiler
set -eu
cd "$(dirname "$0")/.."
. scripts/env.sh

icp_env requirements-dev.lock
[ "$#" -gt 0 ] || set -- -n auto --dist loadfile
exec .venv/bin/python -m pytest "$@"
