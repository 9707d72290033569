#!/bin/sh
# Makes .venv where needed and an extract of invented clinics, scores it and publishes the result under demo/; then builds an
# extract from invented public files and scores that too.
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

# The second half: from public files, made up as well, to a scored list.
public_rows=$((rows < 100000 ? rows : 100000))
public=demo/public-$public_rows
if ! [ -e "$public/leie.csv" ] || [ -n "$(find scripts/make_public.py scripts/make_nppes.py -newer "$public/leie.csv")" ]; then
    icp_quietly "Making public files in $public" .venv/bin/python scripts/make_public.py --rows "$public_rows" --out "$public"
fi
start=$(icp_seconds)
.venv/bin/icp-engine build --nppes "$public/npidata_pfile.csv" --enrollments "$public/home_health_enrollments.csv" \
    --group-sizes "$public/group_sizes.csv" --utilization "$public/utilization.csv" --hrsa "$public/hrsa_sites.csv" \
    --leie "$public/leie.csv" --aco "$public/aco_participants.csv" --complete leie,hrsa --out "$public/clinics.parquet"
.venv/bin/icp-engine run "$public/clinics.parquet" --out demo/from-public-files
icp_say "From public files to a scored list in demo/from-public-files: $(($(icp_seconds) - start)) s"

clinic=$(.venv/bin/icp-engine sql --csv --warehouse "$warehouse" \
    "select clinic_id from icp_scores order by icp_total_score desc, clinic_id limit 1" | tail -n 1)
cat <<END

Open this page in a browser:
  $(pwd)/$warehouse/report.html
  $(pwd)/demo/from-public-files/report.html

Try next:
  .venv/bin/icp-engine explain $clinic -w $warehouse
  .venv/bin/icp-engine charts --clinic $clinic --out demo/slides -w $warehouse
  .venv/bin/icp-engine networks list -w $warehouse --min-clinics 5
  .venv/bin/icp-engine sql --file sql/analyst/anchors_by_state.sql -w $warehouse
  .venv/bin/icp-engine open -w $warehouse    # the same in a browser: whom to call, and why
END
