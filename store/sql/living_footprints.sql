-- Which living footprints of one space touch the boxes of a delivery?
with near as materialized (
    -- one box after the other, and below one row after the other (offset 0): after a large delivery the planner knows little yet,
    -- after one that was undone it takes all for few, and would look through all of them for each
    select distinct f.id
    from unnest(
        cast(:west as float8[]), cast(:south as float8[]), cast(:east as float8[]), cast(:north as float8[])
    ) as box (w, s, e, n)
    cross join lateral (
        select id from footprint where geom && ST_MakeEnvelope(w, s, e, n, 4490) and replaced_at is null offset 0
    ) f
)
select cast(f.building_id as text) as building_id, b.code, f.version, f.stage, f.fingerprint, ST_AsBinary(f.geom) as geom
from near
cross join lateral (
    select building_id, version, stage, fingerprint, geom from footprint where id = near.id and space = :space offset 0
) f
cross join lateral (select code from building where id = f.building_id offset 0) b
order by b.code
