#!/bin/sh
# Makes .venv where needed and builds the documentation site into site/; any warning fails, a dead link among them.
# Options go to mkdocs: sh scripts/docs.sh --site-dir elsewhere
set -eu
cd "$(dirname "$0")/.."
. scripts/env.sh

icp_env requirements-dev.lock
NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build --strict --clean --quiet "$@"
[ "$#" -eq 0 ] || exit 0
if grep -rlE '<(script|img|link)[^>]*(src|href)="https?://' site --include='*.html'; then
    icp_say "These pages load something from the network."
    exit 1
fi
