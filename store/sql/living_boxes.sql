-- Where do the living footprints of one space lie whose boxes touch those of a delivery?
with near as materialized (
    -- as in living_footprints
    select distinct footprint.id
    from unnest(
        cast(:west as float8[]), cast(:south as float8[]), cast(:east as float8[]), cast(:north as float8[])
    ) as box (w, s, e, n)
    join footprint on footprint.geom && ST_MakeEnvelope(w, s, e, n, 4490) and footprint.replaced_at is null
)
select
    ST_XMin(f.geom), ST_YMin(f.geom), ST_XMax(f.geom), ST_YMax(f.geom),
    ST_X(ST_Centroid(f.geom)), ST_Y(ST_Centroid(f.geom))
from near
join footprint f on f.id = near.id and f.space = :space
