-- Who came after a building when it was closed? A survivor had a footprint before, which its revision replaced.
select l.id, s.code, l.relation, after.reason as closed_as,
       exists (select from footprint f where f.building_id = s.id and f.replaced_at <= l.recorded_at) as is_survivor
from closure c
join lineage l on l.predecessor_id = c.building_id and l.revoked_at is null and l.recorded_at >= c.recorded_at
join building s on s.id = l.successor_id
left join closure after on after.building_id = s.id and after.revoked_at is null
where c.building_id = cast(:building as uuid) and c.revoked_at is null
order by s.code
