#!/bin/sh
# Makes .venv where needed and an extract of invented clinics, scores it and publishes the result under demo/.
#   sh scripts/demo.sh [ROWS]   1,400,000 clinics unless said
set -eu
cd "$(dirname "$0")/.."
. scripts/env.sh

rows=${1:-1400000}
case $rows in
    *[!0-9]* | 0*)
        icp_say "The number of clinics is a whole number above 0, not '$rows'."
        exit 2
        ;;
esac
extract=demo/clinics-$rows.parquet
unfinished=demo/unfinished-$rows.parquet
warehouse=demo/warehouse

icp_env requirements.lock

# Made anew where the script that makes it has changed since.
if ! [ -e "$extract" ] || [ -n "$(find scripts/make_extract.py -newer "$extract")" ]; then
    mkdir -p demo
    icp_quietly "Making $rows clinics in $extract" \
        .venv/bin/python scripts/make_extract.py --rows "$rows" --out "$unfinished"
    mv "$unfinished" "$extract"
fi

start=$(icp_seconds)
.venv/bin/icp-engine run "$extract" --out "$warehouse"
icp_say "Scoring and publishing into $warehouse: $(($(icp_seconds) - start)) s"

clinic=$(.venv/bin/python -c '
import sys
import polars as pl
scores = pl.scan_parquet(sys.argv[1]).select("clinic_id", "icp_total_score")
print(scores.top_k(1, by="icp_total_score").collect()["clinic_id"][0])
' "$warehouse/icp_scores.parquet")
cat <<END

Try next:
  .venv/bin/icp-engine explain $clinic --warehouse $warehouse
  .venv/bin/icp-engine stats --warehouse $warehouse
  .venv/bin/icp-engine networks list --warehouse $warehouse --min-clinics 5
  .venv/bin/icp-engine sql --file sql/analyst/anchors_by_state.sql --warehouse $warehouse
END
