-- Clinics that hang together, over however many ties.
-- Grain: one row per clinic with a tie; root is the smallest number of the clinics that it hangs together with.
-- Inputs: edges_to_follow (clinic, other): each clinic beside the smallest clinic of each value that it shares, that one
-- beside itself.
-- The smallest clinics of values are hubs: whoever stands beside two of them ties these together, and only hubs are
-- followed. Where a neighbour has a smaller root, a hub takes it, and so do its own root and all that have that root: long
-- chains end in few rounds.
with recursive
firsts as (
    select clinic, min(other) as hub, max(other) as last from edges_to_follow group by clinic
),
ties as (
    select distinct hub, other
    from edges_to_follow
    join (select clinic, hub from firsts where hub <> last) as several using (clinic)
    where hub <> other
),
neighbours as (
    select hub, other from ties
    union all
    select other, hub from ties
),
roots(hub, root) using key (hub) as (
    select hub, least(hub, min(other)) from neighbours group by hub
    union
    select nearer.hub, min(nearer.root)
    from (
        select unnest([beside.hub, beside.root]) as hub, roots.root
        from roots
        join neighbours on neighbours.other = roots.hub
        join recurring.roots as beside on beside.hub = neighbours.hub
        where roots.root < beside.root
        union all
        select followers.hub, roots.root
        from roots
        join recurring.roots as followers on followers.root = roots.hub
    ) as nearer
    join recurring.roots as known using (hub)
    where nearer.root < known.root
    group by nearer.hub
)
select clinic, coalesce(root, hub) as root
from firsts
left join roots using (hub)
