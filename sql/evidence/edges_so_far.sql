-- The ties of one more kind, between what hangs together by the kinds before it, in networks that do not yet hang together.
-- Grain: one row per two parts that such a tie joins, told by their roots, and one per root beside itself.
-- Inputs: network_edges, linked_so_far (clinic, root), kind_to_add.
with
ties as (
    select distinct a.root as clinic, b.root as other
    from network_edges
    semi join kind_to_add using (kind)
    join linked_so_far as a using (clinic)
    join linked_so_far as b on b.clinic = network_edges.other
    where a.root <> b.root
)
from ties
union all
select distinct other, other from ties
