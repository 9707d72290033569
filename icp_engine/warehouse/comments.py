"""What every table, view and column of the warehouse file means: its comments, and so the data dictionary."""

from collections.abc import Iterator, Sequence

from icp_engine.columns import CONTACT, HELPERS, Column, Field
from icp_engine.database import Database, header, sql_text
from icp_engine.networks.columns import member_columns, networks_columns
from icp_engine.networks.decisions import ACTIONS
from icp_engine.networks.grouping import NETWORKS
from icp_engine.networks.neutral import NETWORK_SCORES
from icp_engine.networks.review import KINDS as QUESTION_KINDS
from icp_engine.scorecard.model import REASON_COLUMNS, Scorecard
from icp_engine.scorecard.several import fields_of_all, suffix
from icp_engine.scoring.compiler import BANDS

_TABLES = {
    "clinics": "Everything known of a clinic, one row each: the tables clinics_icp, icp_scores, icp_bands and "
    "clinics_icp_with_networks are views on it",
    "clinics_icp": "One row per clinic: every column of the extract, scores, network columns",
    "icp_scores": "One row per clinic: scores and reason codes",
    "icp_bands": "One row per clinic: the band that each characteristic landed in, see scorecard_bands",
    "clinic_evidence": "One row per clinic: bands and compared values, which clinic_bibliography spells out",
    "clinics_icp_with_networks": "One row per clinic: scores, top reasons, contact and network columns; for CRM and BI",
    "clinic_why": "One row per clinic: its top reasons, and what is not known of it",
    NETWORKS: "One row per network, by score, highest first",
    "network_edges": "What ties clinics together, and with --review what may: one row per clinic, kind and value",
    "network_candidates": "Every shared name: whether its clinics are grouped, or what kept them apart",
    "network_evidence": "Why each network is one",
    "network_aliases": "Ids that networks no longer have, and where each went; the last line of an id holds",
    "network_changes": "What became of networks since the run before, one row per change",
    "decisions": "What people decided on networks, one row per line of the file, and what became of it in this run",
    "decision_pairs": "Clinics that decisions join or keep apart",
    "review_queue": "Questions for people: what may be one organisation, those first whose answer changes the most",
    "network_overrides": "Clinics put into a network, or out of any, by hand",
    "excluded_names": "Normalised names that must never group",
    "reason_patterns": "The reasons of every pattern of bands that occurs",
    "scorecard_categories": "Categories of the scorecard",
    "scorecard_characteristics": "Characteristics of the scorecard, in order",
    "scorecard_bands": "Bands of the scorecard: what each band number means",
    "scorecard_tiers": "Tiers of clinics and of networks",
    "scorecard_tier_edges": "Points from which tiers begin, of the total or of several categories at once",
    "scorecard_total": "How category scores make the total, one row",
    "clinic_scores": "Scores of clinics, and what networks count of them, in the same names for every scorecard",
    "member_scores": "What the audits compare of members and their anchors, in the same names for every scorecard",
    "told_scores": "What each table says of a clinic's scores, in the same names for every scorecard",
    "network_scores": "Networks in the same names for every scorecard",
    "scorecard_segments": "Segments of clinics: classes by rules, independent of the score",
    "build_matches": "Rows of public files that set fields of clinics, where a build left them beside the extract",
    "rejects": "Rows of the extract that were not scored, as they were, and why",
    "run_scorecards": "Scorecards of the run, the main one first",
    "run_tiers": "Tiers of every scorecard of the run",
    "clinic_tier_pairs": "Every clinic under each pair of scorecards of the run: the clinics behind tier_matrix",
    "run_facts": "The run that made this file, one row",
    "run_inputs": "Files that the run read",
    "history": "What every run of the warehouse came to: clinics by tier and by decile of the score, and how scores "
    "shifted since the run before",
    "run_settings": "How clinics were grouped, one row",
    "field_coverage": "Per field of the extract: rows with a value, missing, invalid, cut to scale",
}

_PATTERN = f"{HELPERS}pattern"
_COLUMNS = {
    "reason_codes": "Codes of the bands that the clinic landed in, in scorecard order, separated by |",
    "top_reasons": "Reasons of the three bands that can give the most points, the strongest first, separated by ;",
    "unknown": "Fields that are not known, those that may cost the most points first, separated by ,",
    "normalized_name": "Organisation name as networks compare it",
    _PATTERN: "Number that stands for all bands of the clinic together: see reason_patterns",
}

_WITH_EXTRACT = ("clinics", "clinics_icp", "rejects")

# Columns of the smaller tables. An extract may carry columns of these names that mean something else.
_DETAILS = {
    "band_column": "Column of clinics that holds the band number; in icp_bands without the prefix",
    "pattern": "Number that stands for all bands of a clinic together: the key of reason_patterns",
    "field": "Name of the field",
    "file": "Kind of public file, as the options of build are called",
    "key": "What the row and the clinic have in common: npi, a name, an id of Medicare",
    "match": "Whether that is exact, by name, or only possible",
    "detail": "What else the row says",
    "source_column": "Column of the extract that it was read from, missing where there is none",
    "is_read": "Whether the scorecard looks at it",
    "given": "Rows with a valid value",
    "missing": "Rows without a value",
    "invalid": "Rows with a value that the field cannot hold, counted as missing",
    "clipped": "Rows with a value above the scale, cut to its top",
    "given_share": "Rows with a valid value, from 0 to 1",
    "is_anchor": "Whether it was made the anchor by hand",
    "run_id": "Time and a random part: the folder of the run under .runs",
    "started_at": "When the run began, UTC",
    "scorecard_id": "Name of the scorecard",
    "scorecard_version": "Its version, as its author counts",
    "scorecard_hash": "SHA-256 of what it says: the same rules have the same hash",
    "rows_in": "Rows of the extract",
    "rows_scored": "Rows of clinics_icp",
    "rows_rejected": "Rows of rejects",
    "path": "File that was read",
    "rows": "Rows in it",
    "bytes": "Its size",
    "min_clinics": "Clinics of one name that make a network, at the least",
    "min_states": "Distinct states that they stand in, at the least, or else",
    "min_single_state": "so many clinics, whatever the states",
    "grouping": "Whether clinics were grouped by evidence or by exact names",
    "network_mean": "How members' scores become the network's: weighted by sites, or median",
    "band": "Number of the band: what the band columns hold",
    "code": "Reason code: category, characteristic, band",
    "points": "What it is worth, bonus and cap counted; missing where it depends on a value",
    "points_field": "Where points lie on a line or are a share of a list: the field or ratio that they depend on",
    "points_place": "Place of points_field in the lists of clinic_evidence, from 1",
    "line_start": "Points at line_low",
    "line_slope": "Points for each unit of the field",
    "line_low": "Value from which the line runs; level below",
    "line_high": "Value up to which the line runs; level above",
    "line_decimals": "Places that points on the line are rounded to, half to even",
    "share_items": "Where points are a share of a list: the items that count",
    "share_points": "Points for none of them, for one, for two and so on",
    "absent_points": "Where points depend on a value: points where it is missing",
    "bonus": "Points on top, within the cap",
    "cap": "Maximum of the characteristic by itself, where it has one",
    "is_missing": "Whether the band stands for missing data",
    "reason": "Why these points, in words; missing where data is missing",
    "note": "What is not known, in words",
    "segment": "Letter of the segment",
    "sources": "Fields that were looked at",
    "position": "Place in the scorecard",
    "category": "Name of the category in reason codes",
    "label": "Name for people",
    "maximum": "Points that the category can bring at the most",
    "score_column": "Column of icp_scores that holds its points",
    "bibliography": "What the bibliography calls it",
    "can_exceed": "Whether its characteristics can add up to more than its maximum, which then cuts",
    "last_position": "Position of its last characteristic",
    "cap_code": "Reason code of the entry that takes away what is above the maximum",
    "cap_reason": "its words",
    "characteristic": "Name of the characteristic",
    "value_fields": "Fields whose values the bibliography shows",
    "value_places": "Their places in the lists of clinic_evidence, from 1",
    "unknown_places": "Places of the fields of which the bibliography notes when they are not known",
    "unknown_notes": "those notes",
    "bands": "Band number of each characteristic, in the order of their positions; missing where it does not apply",
    "shown": "Fields and ratios of the bibliography as JSON: text lower-cased and trimmed, ratios to 2 decimals",
    "numbers": "The same where they are numbers, not rounded",
    "most_points": "Points that it can bring at the most",
    "level": "clinic or network",
    "total_score": "Total score (points)",
    "tier_label": "The tier in words",
    "hundredths": "The total in whole hundredths of points",
    "category_hundredths": "Points of every category in whole hundredths, in the order of scorecard_categories",
    "category_scores": "Points of every category, in the order of scorecard_categories",
    "table_name": "Name of the table that says so",
    "avg_clinic_score": "Plain mean of the members' total scores (points)",
    "combine": "sum, or product",
    "divide_by": "What a product is divided by",
    "tier": "Number of the tier, 1 is best",
    "meaning": "What to do with it",
    "at_least": "Score from which the tier begins; missing for the last",
    "score": "Category, as the bibliography calls it",
    "value": "Value that was compared, as JSON; what clinics share",
    "status": "MISSING where data was missing",
    "chance": "How many names would be expected to read so by accident; missing where no other state has the name",
    "holds_across_states": "Whether the name alone ties clinics of several states",
    "rank": "Place among all clinics, 1 is best, by score and tie-breakers",
    "tier_stability": "Share of variations of the weights in which it keeps its tier; of a run with --stability",
    "line": "Number of the line in the file of decisions, where the header is 1",
    "question_id": "q_ and 12 hex digits of the MD5 of kind, topic and names",
    "name_a": "Name of the largest side, as grouping compares names, or the words that names begin with",
    "name_b": "Names of the others, three of them at the most; missing where it is the same",
    "states": "States where the clinics are, separated by commas",
    "clinics_a": "Clinics of the largest side",
    "clinics_b": "Clinics of all others",
    "similarity": "One less the edits from name to name, by letters of the longer",
    "shared": "What the sides share",
    "against": "What speaks against them being one",
    "would_change": "Clinics that would get another network, or whose network another tier or anchor, if they were one",
    "precision": "How likely the answer is to change networks: a share by kind, measured or read by eye",
    "sides": "A clinic of each side, the largest side first",
    "side_clinics": "Clinics of each side, in the order of sides",
    "decided_at": "When it was decided, as it was written",
    "author": "Who decided",
    "action": ", ".join(ACTIONS[:-1]) + f" or {ACTIONS[-1]}",
    "subject": "Clinic, clinics, state or name that it is about; of undo the number of a line",
    "object": "The other clinic, or the new name",
    "state": "What became of the line: it holds, or why not",
    "together": "Whether the two belong together; otherwise the second leaves",
    "other_clinic_id": "The other clinic",
    "old_id": "Id that went out of use",
    "new_id": "Network that had most of its clinics then; missing where none had any",
    "since": "When the run began by which the id went out of use, UTC",
    "why": "merged, split, renamed or gone; missing for an id in use",
    "asked_id": "Id that a network has or had",
    "change": "added, gone, merged, split or renamed",
    "former_id": "Network of the run before",
    "former_name": "Its name then",
    "clinics": "Clinics that the row is about",
    "measure": "What is counted: tier, decile (of the score), or psi",
    "number": "Number of the tier, or of the decile from the lowest",
    "above": "Score above which the decile begins (points); missing for the first",
    "up_to": "Score up to which it goes (points); missing for the last",
    "psi": "Population stability index over the deciles of the run before of the same scorecard: 0.1 is a shift, "
    "0.25 a large one",
    "run_before": "That run; missing where there was none",
    "is_grouped": "Whether the name became a network",
    "kept_apart_by": "The rule that kept its clinics apart, missing where none did",
    "size_class": "Number of clinics, in classes",
    "num_networks": "Networks in the class",
    "avg_score": "Mean of their total scores",
    "title": "Its name in words",
    "suffix": "What the names of its tables and views end with; nothing for the main scorecard",
    "scorecard": "Name of the scorecard",
    "other_scorecard": "Name of the other scorecard",
    "other_score": "Total score under the other scorecard (points)",
    "other_tier": "Tier under the other scorecard, 1 is best",
    "other_tier_label": "That tier in words",
    "share": "Clinics of the cell among all, from 0 to 1",
    "is_forced": "Whether an override put the clinic there",
    "is_forced_anchor": "Whether an override or a decision made it the anchor",
}

# Columns that mean something else in one table than in others.
_OF_TABLES = {
    "network_edges": {
        "network_id": "Network that the tie is part of; missing of ties for review, which join nothing yet",
        "kind": "Kind of the tie: decision, brand_prefix, owner, parent, name, name_contact, name_rare, brand, "
        "spelling, stem_address; of ties for review that of the question",
        "value": "What the clinics share; of ties for review the question_id of review_queue",
        "status": "automatic (a rule ties), decided (people tied) or review (a question that waits for an answer)",
        "similarity": "Of two spellings one less the edits by letters of the longer; else missing",
    },
    "network_candidates": {
        "network_name": "The name, as grouping compares names",
        "num_clinics": "Clinics of that name, in a network or not",
        "num_states": "Distinct states where they are, an unknown state is none",
    },
    "network_changes": {
        "network_id": "Network of this run; missing of one that is gone",
        "network_name": "Its name, normalised",
        "num_clinics": "Clinics that the row is about: their number",
    },
    "decisions": {"reason": "Why it was decided so, as it was written"},
    "network_aliases": {"line": "Number of the line, from 1: lines are added and none is lost"},
    "review_queue": {"kind": "Kind of the question: " + ", ".join(QUESTION_KINDS)},
}

_WIDE = 500  # columns; DuckDB copies the whole relation for each comment, which takes minutes where there are thousands


def comment_all(db: Database, cards: Sequence[Scorecard]) -> None:
    """Comment on every table, view and column: from the contract where it knows them, else from their names.

    In a wide relation columns that would only be told their names have none.
    """
    db.comment(_comments(db, cards))


def _comments(db: Database, cards: Sequence[Scorecard]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and text of each comment."""
    card, ends = cards[0], {suffix(other): other for other in cards[1:]}
    contract: list[Field | Column] = [
        *fields_of_all(cards).values(),
        *networks_columns(card),
        *(column for each in cards for column in (*each.columns, *each.rank_columns, each.stability_column)),
        *(column for each in cards for column in each.missing_columns),
        *member_columns(card),
    ]
    known = {column.name: _with_unit(column) for column in contract}
    known |= {each.column(key): _COLUMNS[key] for each in cards for key in REASON_COLUMNS} | CONTACT | _COLUMNS
    known |= {_PATTERN + end: _COLUMNS[_PATTERN] + end for end in ends}
    for end, each in {"": card, **ends}.items():
        bands = {
            rule.column: f"Band of {rule.label.lower()}: see scorecard_bands{end}" for rule in each.characteristics
        }
        known |= bands
    known |= {BANDS + name: text for name, text in known.items()}
    for kind, name in db.relations():
        own = (
            {field.name: _with_unit(field) for field in networks_columns(card)}
            if name in (NETWORKS, NETWORK_SCORES)
            else {}
        )
        own = _DETAILS | own | _OF_TABLES.get(name, {}) if name not in _WITH_EXTRACT else own
        end = next((end for end in ends if name.endswith(end) and name not in _TABLES), "")
        text = _meaning(name.removesuffix(end)) + (f"; of scorecard {ends[end].id}" if end else "")
        yield kind, name, text
        columns = db.columns(name)
        for column in columns:
            described = own.get(column) or known.get(column) or known.get(column.removeprefix(HELPERS))
            if described is None and len(columns) > _WIDE:
                continue
            described = described or column.replace("_", " ").strip() or column
            yield "column", f"{name}.{column}", described


def _with_unit(column: Field | Column) -> str:
    """Return what a column means and its unit, where its words do not say it."""
    return (
        f"{column.description} ({column.unit})"
        if column.unit and column.unit not in column.description
        else column.description
    )


def _meaning(name: str) -> str:
    """Return what a table or view is, from its file where it has one."""
    return _TABLES.get(name) or " ".join(header(sql_text(_file_of(name)))[:1])


def _file_of(view: str) -> str:
    return view if view in ("shared_names", "network_candidates", "clinic_bibliography") else f"views/{view}"
