-- Clinics that hang together, over however many ties.
-- Grain: one row per clinic with a tie; root is the smallest number of the clinics that it hangs together with.
-- Inputs: edges_to_follow (clinic, other): each clinic beside the smallest clinic of each value that it shares.
-- Where a neighbour has a smaller root, a clinic takes it, and so do its own root and all that have that root: long chains
-- end in few rounds.
with recursive
ties as (
    select distinct clinic, other from edges_to_follow
),
neighbours as (
    select clinic, other from ties where clinic <> other
    union all
    select other, clinic from ties where clinic <> other
),
roots(clinic, root) using key (clinic) as (
    select clinic, min(other) from ties group by clinic
    union
    select nearer.clinic, min(nearer.root)
    from (
        select unnest([beside.clinic, beside.root]) as clinic, roots.root
        from roots
        join neighbours on neighbours.other = roots.clinic
        join recurring.roots as beside on beside.clinic = neighbours.clinic
        where roots.root < beside.root
        union all
        select followers.clinic, roots.root
        from roots
        join recurring.roots as followers on followers.root = roots.clinic
    ) as nearer
    join recurring.roots as known using (clinic)
    where nearer.root < known.root
    group by nearer.clinic
)
select clinic, root from roots
