"""The data dictionary: every table and column, from the same source as the comments of the warehouse file."""

from icp_engine.database import Database
from icp_engine.scorecard.model import Scorecard

_HEAD = """# Warehouse

Runs publish here unless `--out` says otherwise; results are not committed. Every name is a link to the published run,
and one step moves all of them to the next.

<!-- written by scripts/make_docs.py from the code; a test compares them -->

## Data model

A clinic has one row in each clinic table, keyed by `clinic_id`. A clinic belongs to one network or to none; a network
has one anchor, which is one of its clinics. Scores come from bands: `icp_bands` holds a small number for each
characteristic of the scorecard, and `scorecard_bands` says what each number means.

```mermaid
erDiagram
    clinics_icp ||--|| icp_scores : clinic_id
    clinics_icp ||--|| icp_bands : clinic_id
    clinics_icp ||--|| clinics_icp_with_networks : clinic_id
    networks_icp ||--|{ clinics_icp_with_networks : network_id
    networks_icp |o--|| clinics_icp : "anchor_clinic_id = clinic_id"
    icp_bands ||--|{ clinic_bibliography : clinic_id
    scorecard_categories ||--|{ scorecard_characteristics : category
    scorecard_characteristics ||--|{ scorecard_bands : band_column
    scorecard_bands ||--o{ clinic_bibliography : code
    scorecard_segments ||--o{ icp_scores : "segment = SEGMENT"
    scorecard_tiers ||--o{ icp_scores : "tier = TIER, level = clinic"
```

The result tables stand beside it as Parquet and CSV. In `icp.duckdb`, which any DuckDB client from 1.1 on opens, clinic
tables are views on one stored table, `clinics`. What each table and column holds:
"""


def data_dictionary(db: Database, card: Scorecard) -> str:
    """Return the dictionary of a warehouse file as Markdown. Columns of the extract itself are named once."""
    parts = [_HEAD.replace("SEGMENT", card.column("segment")).replace("TIER", card.column("tier"))]
    for name, kind, text in db.described():
        rows = [f"| `{column}` | {dtype} | {comment} |" for column, dtype, comment in db.described_columns(name)]
        table = "\n".join(["| column | type | meaning |", "|---|---|---|", *rows])
        parts.append(f"## `{name}` ({kind})\n\n{text.rstrip('.')}.\n\n{table}")
    return "\n\n".join(parts) + "\n"
