-- Does the ranking spread? Clinics per five points of score, as a bar.
select
    cast(floor(icp_total_score / 5) * 5 as integer) as from_points,
    count(*) as num_clinics,
    bar(count(*), 0, max(count(*)) over (), 40) as share
from icp_scores
group by all
order by from_points;
