-- What does the matching ask of some buildings, living or not? As lives tells it.
select
    cast(b.id as text) as building_id, b.code, b.kind, cast(b.part_of as text) as part_of_id, c.reason as closed_as,
    f.version, f.stage
from unnest(cast(:codes as text[])) as asked (code)
-- each looked up by itself (offset 0): see migration 0014
cross join lateral (select * from building where code = asked.code offset 0) b
left join closure c on c.building_id = b.id and c.revoked_at is null
join lateral (select version, stage from footprint where building_id = b.id order by version desc limit 1) f on true
