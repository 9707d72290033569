#!/bin/sh
# Makes .venv where needed and runs the tests. Arguments go to pytest: sh scripts/test.sh -k compiler
set -eu
cd "$(dirname "$0")/.."
. scripts/env.sh

icp_env requirements-dev.lock
exec .venv/bin/python -m pytest "$@"
