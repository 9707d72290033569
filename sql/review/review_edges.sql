-- Ties that wait for an answer: they join nothing yet, so that they are of no network.
-- Grain: one row per question and side, told by a clinic of it; value is the question.
-- Inputs: questions (those of the queue).
select
    null::varchar as network_id,
    unnest(sides) as clinic_id,
    kind,
    question_id as value,
    'review' as status,
    similarity
from questions
where kind <> 'owners'
