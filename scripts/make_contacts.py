"""Add contact and owner columns to a synthetic extract: what grouping by evidence and its questions have to take.

Of a hundred clinics some 35 belong to an owner (a few large, most small; clinics of one name to the same one): 25 have
its PAC id, 10 its name as their parent, and many its official's telephone and its mailing address. Some 30 more share a
telephone with others of their state. Nothing in it is real, and no order of rows or number of threads changes a value.

    python scripts/make_contacts.py clinics.parquet clinics_with_contacts.parquet
"""

import sys
from pathlib import Path

import click
import duckdb

CONTACTS_SQL = """
with
draws as (
    select
        *,
        hash(clinic_id, 'clinic') as own,
        hash(regexp_replace(account_name, '[ ,]+[A-Z.]+$', ''), 'owner') / 18446744073709551616 as which_owner,
        hash(clinic_id, 'phone') / 18446744073709551616 as which_phone,
        hash(clinic_id, 'share') % 100 as share,
        count(*) over () as num_clinics
    from read_parquet($source)
),
-- The squares of even draws: the first owners have many clinics, the last ones two or three.
owned as (
    select
        *,
        case when share < 35 then floor(num_clinics / 14 * which_owner * which_owner)::bigint end as owner,
        hash(state_code, floor(num_clinics / 200 * which_phone * which_phone)) as switchboard
    from draws
)
select
    * exclude (own, which_owner, which_phone, share, num_clinics, owner, switchboard),
    case when share < 25 then (1000000000 + owner)::varchar end as pac_id,
    case when share < 10 then 'PARENT ' || owner || ' HOLDINGS' end as parent_name,
    case when own % 5 = 0 then if(share < 35, 'BRAND ' || owner, account_name || ' ' || own % 1000) end as other_names,
    (2000000000 + if(share >= 70, switchboard, own) % 7999999999)::varchar as phone,
    (2000000000 + hash(if(share < 20, owner::varchar, clinic_id), 'official') % 7999999999)::varchar as official_phone,
    if(share < 30, 'PO BOX ' || owner, own % 100000 || ' ROAD ' || hash(clinic_id, 'road') % 1000) as mailing_address,
    hash(clinic_id, 'number') % 600 || ' HIGH STREET' as address,
    'TOWN ' || hash(state_code, own % 300) % 15000 as city,
    lpad((hash(state_code, own % 300) % 100000)::varchar, 5, '0') as postal_code
from owned
"""


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def command(source: Path, out: Path) -> None:
    """Write SOURCE with the columns added to OUT, both Parquet."""
    duckdb.connect().execute(
        f"copy ({CONTACTS_SQL}) to '{str(out).replace(chr(39), chr(39) * 2)}' (format parquet, compression zstd)",
        {"source": str(source)},
    )
    click.echo(f"{out}: {out.stat().st_size / 1e6:,.1f} MB", err=True)


if __name__ == "__main__":
    sys.exit(command())
