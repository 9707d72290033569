-- What hangs together by one more kind of ties.
-- Grain: one row per clinic of a network that does not yet hang together.
-- Inputs: linked_so_far (network_id, clinic, root), more_links (clinic, root): what the roots hang together with.
select network_id, linked_so_far.clinic, coalesce(more_links.root, linked_so_far.root) as root
from linked_so_far
left join more_links on more_links.clinic = linked_so_far.root
