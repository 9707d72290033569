"""Which field of a CRM gets which column: the shipped mapping, and over it a user's own, every mistake at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

from icp_engine.crm.formats import MAPPING, TargetType
from icp_engine.errors import InputError, MistakesError
from icp_engine.scorecard.toml.files import read_toml
from icp_engine.scorecard.toml.table import Notes, Table

System = Literal["salesforce", "hubspot"]
Kind = Literal["network", "clinic", "practice"]
KINDS: tuple[Kind, ...] = ("network", "clinic")  # parents first: a clinic names its network
ALL_KINDS: tuple[Kind, ...] = (*KINDS, "practice")
SHIPPED = Path(__file__).resolve().parent / "mappings"
Constant = str | float | bool


@dataclass(frozen=True, slots=True)
class Target:
    """One field of a CRM: where its value comes from, and what the CRM takes there.

    Attributes:
        name: as the CRM's programs call it.
        column: a column of the run, or a word of `sources`; None for a constant.
        type: what the CRM stores; None where it follows from the column.
        length: the most characters; None where it follows from the type.
        keep: it is not cleared once the record is gone.
        optional: it is left out where the run has no such column.
        values: what a picklist takes; those of the scorecard where there are none.
    """

    name: str
    column: str | None
    constant: Constant | None = None
    type: TargetType | None = None
    length: int | None = None
    required: bool = False
    keep: bool = False
    optional: bool = False
    label: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CrmMapping:
    """The fields of both kinds of record in one system, the object that they are, and its external id."""

    system: System
    object: str
    external_id: str
    targets: Mapping[Kind, tuple[Target, ...]]


def read_crm_mapping(system: System, path: Path | None = None) -> CrmMapping:
    """Return the shipped mapping of a system; a field that a user's file has is added, takes its place, or goes.

    Raises:
        InputError: the file is not there, or says nothing of the system.
        MistakesError: the file has mistakes; `problems` holds all of them.
    """
    shipped = _read(SHIPPED / f"{system}.toml", f"icp_engine/crm/mappings/{system}.toml", system)
    if path is None:
        return shipped[0]
    own, dropped = _read(path, str(path), system)
    targets = {kind: _over(shipped[0].targets[kind], own.targets[kind], dropped[kind], path) for kind in ALL_KINDS}
    object_, external_id = own.object or shipped[0].object, own.external_id or shipped[0].external_id
    return CrmMapping(system, object_, external_id, _by_id(targets, shipped[0].external_id, external_id))


def _by_id(targets: dict[Kind, tuple[Target, ...]], old: str, new: str) -> dict[Kind, tuple[Target, ...]]:
    """Return fields in which the parent goes by the external id of this mapping: `Parent.ICP_External_Id__c`."""
    named = {f"Parent.{old}": f"Parent.{new}"}
    return {
        kind: tuple(replace(target, name=named.get(target.name, target.name)) for target in found)
        for kind, found in targets.items()
    }


def _over(
    shipped: tuple[Target, ...], own: tuple[Target, ...], dropped: frozenset[str], path: Path
) -> tuple[Target, ...]:
    names = {target.name for target in shipped}
    for name in sorted(dropped - names):
        raise InputError(f"{path} takes '{name}' away, which the shipped mapping does not have; remove the line.")
    replaced = {target.name: target for target in own}
    kept = tuple(replaced.pop(target.name, target) for target in shipped if target.name not in dropped)
    return kept + tuple(replaced.values())


def _read(path: Path, label: str, system: System) -> tuple[CrmMapping, dict[Kind, frozenset[str]]]:
    source = read_toml(path, label, "--crm-mapping file")
    notes = Notes(source)
    top = Table(source.content, (), notes, MAPPING, "mapping")
    if system not in top and not any(other in top for other in MAPPING["mapping"].keys):
        raise InputError(f"{path} has no table [{system}.clinic] and no [{system}.network]; say there what goes where.")
    table = top.table(system)
    object_, external_id = table.text("object", ""), table.text("external_id", "")
    found: dict[Kind, tuple[Target, ...]] = {}
    dropped: dict[Kind, frozenset[str]] = {}
    for kind in ALL_KINDS:
        fields = table.table(kind)
        dropped[kind] = frozenset(name for name, value in fields.raw.items() if value is False)
        found[kind] = tuple(_targets(fields, dropped[kind]))
    table.close()
    top.close()
    if notes.problems:
        raise MistakesError(notes.problems)
    return CrmMapping(system, object_, external_id, found), dropped


def _targets(fields: Table, dropped: frozenset[str]) -> Iterator[Target]:
    for name, value in fields.raw.items():
        fields.key(name)
        if name in dropped:
            continue
        if isinstance(value, str) and value.strip():
            yield Target(name, value.strip())
        elif isinstance(value, dict):
            yield _target(name, Table(value, (*fields.path, name), fields.notes, MAPPING, "target"))
        else:
            fields.problem(f"expected the name of a column, a table, or false; found {value!r}", name)


def _target(name: str, table: Table) -> Target:
    constant: Any = table.raw.get("constant")
    if ("column" in table) == ("constant" in table):
        table.problem("give either 'column' or 'constant'")
    if constant is not None and (not isinstance(constant, str | int | float) or constant == ""):
        table.problem(f"expected a text, a number, true or false; found {constant!r}", "constant")
    length = int(table.number("length", 0.0)) or None
    if length is not None and length < 1:
        table.problem(f"expected 1 or more, found {length}", "length")
    target = Target(
        name,
        table.text("column", "") or None,
        constant,
        cast(TargetType, table.text("type")) if "type" in table else None,
        length,
        required="required" in table and table.flag("required"),
        keep="keep" in table and table.flag("keep"),
        optional="optional" in table and table.flag("optional"),
        label=table.text("label", ""),
        values=table.texts("values"),
    )
    table.close()
    return target
