-- Which shared names were not grouped, and by which rule? Where the rules are too strict, lower them or override.
select network_name, num_clinics, num_states, kept_apart_by
from network_candidates
where not is_grouped
order by num_clinics desc, network_name
limit 200;
