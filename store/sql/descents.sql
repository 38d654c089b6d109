-- Who came after whom in the families of some buildings?
with recursive family (id) as (
    select id from building where code = any(cast(:codes as text[]))
    union
    select case when l.predecessor_id = family.id then l.successor_id else l.predecessor_id end
    from family
    join lineage l on family.id in (l.predecessor_id, l.successor_id) and l.revoked_at is null
)
select p.code as predecessor, s.code as successor, l.relation
from family
join lineage l on l.predecessor_id = family.id and l.revoked_at is null
join building p on p.id = l.predecessor_id
join building s on s.id = l.successor_id
order by p.code, s.code
