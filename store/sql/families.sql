-- Who came after whom in the families of some buildings, on a day, as known at a time?
with recursive standing as (
    select l.predecessor_id, l.successor_id, l.relation, l.recorded_at
    from lineage l
    where l.recorded_at <= cast(:known_at as timestamptz)
      and coalesce(l.revoked_at > cast(:known_at as timestamptz), true)
      and exists (select from footprint where building_id = l.successor_id and valid_from <= cast(:as_of as date))
), family (id) as (
    select unnest(cast(:buildings as uuid[]))
    union
    select case when s.predecessor_id = family.id then s.successor_id else s.predecessor_id end
    from family
    join standing s on s.predecessor_id = family.id or s.successor_id = family.id
)
select cast(s.predecessor_id as text) as predecessor_id, cast(s.successor_id as text) as successor_id,
       p.code as predecessor, n.code as successor, s.relation, s.recorded_at
from family
join standing s on s.predecessor_id = family.id
join building p on p.id = s.predecessor_id
join building n on n.id = s.successor_id
order by p.code, n.code
