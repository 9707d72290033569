-- Which missing data costs the ranking most? Clinics and points at stake per reason code that says missing.
select
    entries.code,
    entries.note,
    count(*) as num_clinics,
    any_value(parts.most_points) as points_at_stake_each,
    count(*) * any_value(parts.most_points) as points_at_stake
from clinic_bibliography as entries
left join scorecard_characteristics as parts on entries.code = parts.code || '.missing'
where entries.status = 'MISSING'
group by entries.code, entries.note
order by points_at_stake desc nulls last, entries.code;
