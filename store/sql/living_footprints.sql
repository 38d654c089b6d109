-- Which living footprints of one space touch the boxes of a delivery?
with near as materialized (
    -- the boxes first: after a large delivery the planner knows little yet, and would look through all of a space for each box
    select distinct footprint.id
    from unnest(
        cast(:west as float8[]), cast(:south as float8[]), cast(:east as float8[]), cast(:north as float8[])
    ) as box (w, s, e, n)
    join footprint on footprint.geom && ST_MakeEnvelope(w, s, e, n, 4490) and footprint.replaced_at is null
)
select cast(f.building_id as text) as building_id, b.code, f.version, f.stage, f.fingerprint, ST_AsBinary(f.geom) as geom
from near
join footprint f on f.id = near.id and f.space = :space
join building b on b.id = f.building_id
order by b.code
