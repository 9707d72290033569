-- The clinics of every network.
-- Grain: one row per clinic that belongs to a network.
-- Inputs: shared_names, network_candidates. An override holds even where the rules keep a name apart.
select
    'net_' || left(md5(shared_names.network_name), 12) as network_id,
    shared_names.network_name,
    shared_names.clinic_id,
    shared_names.is_forced_anchor
from shared_names
join network_candidates using (network_name)
where shared_names.is_forced or network_candidates.kept_apart_by is null
