"""What HubSpot's programs are told: which column is which property, and which properties are to be emptied.

Source: "CRM API | Imports" (https://developers.hubspot.com/docs/guides/api/crm/imports): the fields of the request,
`columnMappings` with an entry for every column in its order, `HUBSPOT_ALTERNATE_ID` for a unique property. An empty
cell leaves a property as it is, so what is to be emptied goes through the batch update of companies, 100 at a time
(https://developers.hubspot.com/docs/guides/api/crm/objects/companies), where an empty text empties a property.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from icp_engine.crm.mapping import CrmMapping
from icp_engine.crm.parts import Part
from icp_engine.crm.records import EXTERNAL_ID, FIELD, WAS
from icp_engine.crm.sources import CrmField

_BATCH = 100  # records of one request


def request_content(part: Part, columns: Sequence[str], mapping: CrmMapping) -> dict[str, Any]:
    """Return the request that goes with one file."""
    name = part.file.rpartition("/")[2]
    return {
        "name": f"icp-engine {part.file}",
        "importOperations": {mapping.object: "UPSERT"},
        "dateFormat": "YEAR_MONTH_DAY",
        "files": [
            {
                "fileName": name,
                "fileFormat": "CSV",
                "fileImportPage": {
                    "hasHeader": True,
                    "columnMappings": [_column(column, mapping) for column in columns],
                },
            }
        ],
    }


def _column(column: str, mapping: CrmMapping) -> Mapping[str, str]:
    found = {"columnObjectTypeId": mapping.object, "columnName": column, "propertyName": column}
    return found | ({"columnType": "HUBSPOT_ALTERNATE_ID"} if column == mapping.external_id else {})


def clearing_requests(
    rows: pl.DataFrame, fields: Sequence[CrmField], external_id: str, *, back: bool = False
) -> list[str]:
    """Return the bodies of the requests that empty what has a value in the CRM and is to have none.

    With `back` those that empty what had none before. Each is one line of JSON for at most 100 records.
    """
    old, new = (FIELD, WAS) if back else (WAS, FIELD)
    emptied = [
        pl.when(pl.col(old + field.name).is_not_null() & pl.col(new + field.name).is_null()).then(
            pl.lit(f'"{field.name}":""')
        )
        for field in fields
        if field.is_cleared
    ]
    properties = pl.concat_str(emptied, separator=",", ignore_nulls=True).alias("properties")
    found = rows.select(EXTERNAL_ID, properties).filter(pl.col("properties") != "")
    quoted = pl.struct(pl.col(EXTERNAL_ID).alias("id")).struct.json_encode().str.strip_suffix("}")
    told = pl.concat_str(
        quoted, pl.lit(f',"idProperty":"{external_id}","properties":{{'), pl.col("properties"), pl.lit("}}")
    )
    batches = found.select(told.alias("input"), (pl.int_range(pl.len()) // _BATCH).alias("batch"))
    joined = batches.group_by("batch", maintain_order=True).agg(pl.col("input").str.join(","))
    return joined.select(pl.concat_str(pl.lit('{"inputs":['), "input", pl.lit("]}")))["literal"].to_list()
