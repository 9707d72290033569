#!/bin/sh
# Makes .venv where needed and builds the documentation site into site/; any warning fails, a dead link among them.
# Options go to mkdocs: sh scripts/docs.sh --site-dir elsewhere
set -eu
cd "$(dirname "$0")/.."
. scripts/env.sh

icp_env requirements-dev.lock
NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build --strict --clean --quiet "$@"
