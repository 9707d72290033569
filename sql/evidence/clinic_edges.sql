-- What ties clinics together: a value that several of them share, and of what kind it is.
-- Grain: one row per clinic, kind and value; all clinics with the same kind and value belong together. other is the
-- smallest of them.
-- Inputs: clinic_names, evidence_clinics, clinic_values (kind, clinic, value), match_names, network_spellings.
with
named as (
    select clinic_names.*, state_code, num_states, holds_across_states, holds_in_a_state
    from clinic_names
    join match_names using (kind, name)
    join evidence_clinics using (clinic)
    where is_shared
),
contacts as (
    select clinic, value as contact from clinic_values where kind in ('phone', 'mailing_address')
),
edges as (
    select clinic, kind, value
    from clinic_values
    where kind in ('decision', 'brand_prefix', 'owner', 'parent', 'stem_address')
    union all
    select clinic, 'name', name || ', ' || state_code
    from named
    where kind = 'name' and state_code is not null
    union all
    select clinic, 'name_rare', name
    from named
    where kind = 'name' and holds_across_states and num_states > 1
    union all
    select clinic, 'brand', if(holds_across_states, name, name || ', ' || state_code)
    from named
    where kind = 'brand' and (holds_across_states or (holds_in_a_state and state_code is not null))
    union all
    select distinct clinic, if(kind = 'name', 'name_contact', 'brand'), name || ', ' || contact
    from named
    join contacts using (clinic)
    where not holds_across_states and num_states > 1
    union all
    select clinic, 'spelling', value from network_spellings
),
shared as (
    select kind, value, min(clinic) as other from edges group by kind, value having min(clinic) <> max(clinic)
)
select clinic, kind, value, other
from edges
join shared using (kind, value)
