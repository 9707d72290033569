-- The networks that there would be if each question were answered with yes.
-- Grain: one row per question and clinic of its sides.
-- Inputs: questions_of_part (some of review_questions: all at once take too much memory), review_clinics,
-- network_members.
select question_id as network_id, question_id as network_name, clinic_id, coalesce(is_forced_anchor, false) as is_forced_anchor
from (select question_id, unnest(units) as unit from questions_of_part)
join review_clinics using (unit)
left join main.network_members using (clinic_id)
