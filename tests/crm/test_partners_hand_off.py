"""Practices go to a CRM through the same door; the simulated record id stays simulated."""

from pathlib import Path

import crm_org
import polars as pl
from click.testing import CliRunner

from icp_engine.cli import cli
from icp_engine.partnerships.demo import CONTACTS, PRACTICES

TEAM = '[[owner]]\nname = "Ana"\nemail = "ana@example.com"\n[[owner]]\nname = "Ben"\nemail = "ben@example.com"\n'


def call(*args: object) -> str:
    done = CliRunner().invoke(cli, [str(arg) for arg in args])
    assert done.exit_code == 0, f"{done.output}{done.exception}"
    return done.stdout


def test_practices_are_handed_off_and_confirmed(tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text(TEAM)
    out, named = tmp_path / "handoff", ["--contacts", CONTACTS, "--as-of", "2026-03-16", "-o", tmp_path / "partners"]
    ask = ["partners", "crm", PRACTICES, *named, "--owners", tmp_path / "team.toml", "--for", "salesforce"]
    text = call(*ask, "--handoff", out)
    assert "sf data upsert bulk" in text
    rows = crm_org.table(out / "import" / "1-practices-001.csv")
    assert len(rows) == 10
    assert all(row["ICP_External_Id__c"].startswith("partner:") for row in rows)
    assert {row["Partner_Changed_On__c"] for row in rows} == {"2026-03-16"}
    simulated = pl.read_parquet(tmp_path / "partners" / "rula_crm_records.parquet")["SF Record ID"].to_list()
    text = (out / "import" / "1-practices-001.csv").read_text()
    assert not [record for record in simulated if record in text]
    owners = pl.read_parquet(tmp_path / "partners" / "rula_crm_records.parquet")["Owner"]
    assert sorted(row["Owner.Email"] for row in rows if row["Owner.Email"]) == sorted(
        f"{name.lower()}@example.com" for name in owners if name in {"Ana", "Ben"}
    )
    lines = [f"001,true,{row['ICP_External_Id__c']}" for row in rows]
    (tmp_path / "good.csv").write_text("\n".join(["sf__Id,sf__Created,ICP_External_Id__c", *lines]) + "\n")
    call("crm", "confirm", tmp_path / "good.csv", "-o", out)
    assert "there is nothing to import" in call(*ask, "--handoff", out)
    later = [item if item != "2026-03-16" else "2026-03-30" for item in ask]
    assert "Partner_SLA_Status__c" in call(*later, "--handoff", out)
    row = crm_org.table(out / "import" / "1-practices-001.csv")[0]
    assert (row["Name"], row["Partner_Score__c"]) == ("", "")
