"""Questions for people on networks: what may be one organisation, and no rule joins by itself."""

import polars as pl

from icp_engine.database import Database, sql_text
from icp_engine.networks.applied import Applied
from icp_engine.networks.neutral import CLINIC_SCORES, GROUPED, clinic_sql, view
from icp_engine.networks.values import cities_of, stems_of
from icp_engine.scorecard.model import Scorecard

_SIMILAR = 0.85  # of two names, 1 where they are the same
_IMPROBABLE = 0.01  # names expected to read so by accident: of likelier ones that differ in spelling none had one owner
_MAX_OF_KIND = 10_000  # questions: more than people ever answer, and few enough to work out what each would change
KINDS = (
    "name_states", "sibling", "spelling_alone", "spelling_states", "contact", "stem_phone", "brand_prefix", "owners",
)  # fmt: skip
_OF_PAIRS = ("spelling_pairs", "sibling_pairs")
_FOUND = ("name_states", "contact", "stem_phone", "brand_prefix")


def review_queue(db: Database, applied: Applied, clinics: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """Return the questions, those first whose answer is likely yes and changes the most.

    Args:
        db: where clinics were grouped by evidence.
        applied: the decisions, which answer some.
        clinics: the same clinics, for their places.
        card: the scorecard of their scores.
    """
    db.register("decision_pairs", applied.pair_frame())
    settings = {"min_similarity": [_SIMILAR], "max_chance": [_IMPROBABLE], "max_of_kind": [_MAX_OF_KIND]}
    db.copy("run_review", pl.DataFrame(settings))
    for step in ("review_clinics", "review_units", "review_names", "review_words", "name_chances"):
        db.table(step, sql_text(f"review/{step}"))
    db.register("name_stems", stems_of(db.frame("select name from name_chances"), cities_of(clinics)))
    for step in _OF_PAIRS:
        db.table(step, sql_text(f"review/{step}"))
    db.view("similar_names", " union all by name ".join(f"from {step}" for step in _OF_PAIRS))
    for step in ("pair_sides", *_FOUND):
        db.table(step, sql_text(f"review/{step}"))
    db.view("review_found", " union all by name ".join(f"from {step}" for step in ("pair_sides", *_FOUND)))
    for step in ("review_topics", "review_sides", "held_topics", "review_questions", "owner_questions"):
        db.table(step, sql_text(f"review/{step}"))
    db.register("review_effects", _effects(db, card))
    return db.frame(sql_text("review/review_queue"))


def _effects(db: Database, card: Scorecard) -> pl.DataFrame:
    """Return what would change if each question were answered with yes, part by part: a part fits into memory.

    Networks are scored by the same query as those of the run, with other members.
    """
    db.run("create schema if_yes")
    effects = [pl.DataFrame(schema={"question_id": pl.String, "num_changed": pl.Int64})]
    for part in db.frame("select distinct part from review_questions order by part")["part"]:
        db.table("questions_of_part", "from review_questions where part = $part", {"part": part})
        db.table("members_if", sql_text("review/members_if"))
        db.run("create or replace view if_yes.network_members as from main.members_if")
        db.run(
            "create or replace view if_yes.network_evidence as select distinct network_id, null as is_ambiguous, "
            "null as evidence, null as weakest_edge, null as num_owners from main.members_if"
        )
        db.run("set search_path = 'if_yes,main'")
        db.run(f"drop view if exists if_yes.{CLINIC_SCORES}")
        members = "main.icp_scores semi join main.members_if using (clinic_id)"
        view(db, CLINIC_SCORES, clinic_sql(card), members, GROUPED)
        found = db.frame(sql_text("networks"))
        db.run("set search_path = 'main'")
        db.register("networks_if", found.select("network_id", "tier", "anchor_clinic_id"))
        effects.append(db.frame(sql_text("review/review_effects")))
    return pl.concat(effects)
