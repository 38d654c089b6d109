-- What are the buildings with some codes now, but for those whose state was read at the ledger's present end already?
-- The hash of the last event commits to every event before it, and whatever changes a building adds one in its transaction.
with ledger as (
    select coalesce((select leaf_hash from event order by seq desc limit 1), '') as head
)
select
    ledger.head, s.n, cast(s.building_id as text) as building_id, s.code, s.kind, s.office_id, s.footprint_id, s.name, s.stage,
    s.version, s.lon, s.lat, s.reason, s.closed_on
from ledger
left join lateral (
    select asked.n, b.id as building_id, b.code, b.kind, b.office_id, f.id as footprint_id, f.name,
           coalesce(e.stage, f.stage) as stage, f.version, ST_X(ST_PointOnSurface(f.geom)) as lon, ST_Y(ST_PointOnSurface(f.geom)) as lat, c.reason, c.closed_on
    from unnest(cast(:codes as text[]), cast(:heads as bytea[])) with ordinality as asked (code, head, n)
    join building b on b.code = asked.code
    join lateral (select * from footprint where building_id = b.id order by version desc limit 1) f on true
    left join lateral stage_entered_last(b.id, cast(:stages as text[]), 'infinity', 'infinity') e on true
    left join closure c on c.building_id = b.id and c.revoked_at is null
    where asked.head is distinct from ledger.head
) s on true
