"""A CRM of the tests: it takes files by the vendors' published rules alone, and holds what they say.

Written from "Prepare CSV Files", "Valid Date Format in Records (2.0)", "Relationship Fields in a Header Row (2.0)" and
the field types of the Object Reference; it shares no code with the engine.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

MOST_BYTES = 100_000_000
MOST_HEADER = 32_000
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
CHECKBOX = {"true", "false", "1", "0", "yes", "no"}
LENGTHS = {
    "Name": 255, "Phone": 40, "BillingStreet": 255, "BillingCity": 40, "BillingState": 80, "BillingPostalCode": 20,
    "ICP_Tier__c": 255, "ICP_Segment__c": 255, "ICP_Top_Reasons__c": 255, "ICP_Unknown__c": 32_768,
    "ICP_States__c": 255, "ICP_Clinic_Id__c": 255,
}  # fmt: skip
NUMBERS = {"ICP_Score__c", "ICP_Clinics__c"}
CHECKBOXES = {"ICP_OIG_Match__c", "ICP_Anchor__c", "ICP_Network__c"}
DATES = {"ICP_Changed_On__c"}
PARENT, OWNER, KEY = "Parent.ICP_External_Id__c", "Owner.Email", "ICP_External_Id__c"
FIELDS = {*LENGTHS, *NUMBERS, *CHECKBOXES, *DATES, PARENT, OWNER, KEY}


class RefusedFileError(Exception):
    """The job as a whole fails."""


def records(content: bytes) -> list[list[str]]:  # noqa: PLR0912 (a state machine)
    """The records of a CSV file: RFC 4180 with LF, UTF-8 without a mark; anything else is refused."""
    if len(content) > MOST_BYTES:
        raise RefusedFileError("more than 100 MB")
    if content.startswith(b"\xef\xbb\xbf"):
        raise RefusedFileError("a byte order mark")
    text = content.decode("utf-8")  # strict
    if not text.endswith("\n"):
        raise RefusedFileError("no end of the last line")
    rows, row, cell, place = [], [], [], 0
    while place < len(text):
        if text[place] == '"':
            place += 1
            while True:
                end = text.index('"', place)
                cell.append(text[place:end])
                if text[end + 1] != '"':
                    break
                cell.append('"')
                place = end + 2
            place = end + 1
            if text[place] not in ",\n":
                raise RefusedFileError("characters after a closing quote")
        else:
            end = place
            while text[end] not in ",\n":
                if text[end] in '"\r':
                    raise RefusedFileError(f"a bare {text[end]!r}")
                end += 1
            cell.append(text[place:end])
            place = end
        row.append("".join(cell))
        cell = []
        if text[place] == "\n":
            rows.append(row)
            row = []
        place += 1
    if len({len(row) for row in rows}) > 1:
        raise RefusedFileError("rows of several lengths")
    return rows


def table(path: Path) -> list[dict[str, str]]:
    header, *rows = records(path.read_bytes())
    if len(set(header)) < len(header) or len(",".join(header)) > MOST_HEADER:
        raise RefusedFileError("a header with a name twice, or too long")
    return [dict(zip(header, row, strict=True)) for row in rows]


def quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


@dataclass
class Org:
    """Accounts by their external id, each with the fields that have a value and the id of the CRM."""

    users: frozenset[str] = frozenset()
    accounts: dict[str, dict[str, str]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    made: int = 0

    def refusal(self, row: dict[str, str]) -> str | None:
        """Why Salesforce would refuse a row, if it would."""
        known = self.accounts.get(row[KEY])
        if not row[KEY] or len(row[KEY]) > 255:
            return "MISSING_ARGUMENT:external id"
        if known is None and row.get("Name", "") in {"", "#N/A"}:
            return "REQUIRED_FIELD_MISSING:Name"
        for name, value in row.items():
            if name not in FIELDS:
                return f"INVALID_FIELD:{name}"
            if value in {"", "#N/A"}:
                if value and name in {"Name", OWNER, *CHECKBOXES}:
                    return f"INVALID_TYPE:{name} cannot be null"
                continue
            bad = (
                len(value) > LENGTHS.get(name, 1_000_000)
                or (name in NUMBERS and not NUMBER.fullmatch(value))
                or (name in CHECKBOXES and value.lower() not in CHECKBOX)
                or (name in DATES and not DATE.fullmatch(value))
                or (name == PARENT and value not in self.accounts)
                or (name == OWNER and value not in self.users)
                or any(ord(sign) < 32 and sign not in "\t\n" for sign in value)
            )
            if bad:
                return f"FIELD_INTEGRITY_EXCEPTION:{name}: {value[:40]}"
        return None

    def upsert(self, path: Path, results: Path, fails: frozenset[str] = frozenset()) -> list[Path]:
        """Take a file, and write its files of success and of failure; rows of `fails` fail whatever they say."""
        rows, good, bad = table(path), [], []
        if len({row[KEY] for row in rows}) < len(rows):
            raise RefusedFileError("an external id twice")
        for row in rows:
            why = "UNABLE_TO_LOCK_ROW:try again" if row[KEY] in fails else self.refusal(row)
            if why:
                bad.append([self.ids.get(row[KEY], ""), why, *row.values()])
                continue
            created = row[KEY] not in self.accounts
            account = self.accounts.setdefault(row[KEY], {})
            if created:
                self.made += 1
                self.ids[row[KEY]] = f"001{self.made:012}AAA"
            for name, value in row.items():
                if value == "#N/A":
                    account.pop(name, None)
                elif value and name != KEY:
                    account[name] = value
            good.append([self.ids[row[KEY]], str(created).lower(), *row.values()])
        names = list(rows[0])
        files = []
        for word, head, found in (("success", "sf__Created", good), ("failed", "sf__Error", bad)):
            lines = [["sf__Id", head, *names], *found]
            file = results / f"{path.parent.name}-{path.stem}-{word}-records.csv"
            file.write_text("".join(",".join(map(quoted, line)) + "\n" for line in lines), encoding="utf-8")
            files.append(file)
        return files

    def delete(self, path: Path, results: Path) -> list[Path]:
        """Delete the records of a file of ids."""
        by_id = {crm_id: key for key, crm_id in self.ids.items()}
        rows = table(path)
        for row in rows:
            key = by_id[row["Id"]]
            assert not any(account.get(PARENT) == key for account in self.accounts.values()), "children first"
            del self.accounts[key], self.ids[key]
        file = results / f"{path.stem}-success-records.csv"
        lines = "".join(f'"{row["Id"]}","false","{row["Id"]}"\n' for row in rows)
        file.write_text('"sf__Id","sf__Created","Id"\n' + lines, encoding="utf-8")
        return [file]
