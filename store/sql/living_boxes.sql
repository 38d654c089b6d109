-- Where do the living footprints of one space lie whose boxes touch those of a delivery?
with near as materialized (
    -- as in living_footprints
    select distinct f.id
    from unnest(
        cast(:west as float8[]), cast(:south as float8[]), cast(:east as float8[]), cast(:north as float8[])
    ) as box (w, s, e, n)
    cross join lateral (
        select id from footprint where geom && ST_MakeEnvelope(w, s, e, n, 4490) and replaced_at is null offset 0
    ) f
)
select
    ST_XMin(f.geom), ST_YMin(f.geom), ST_XMax(f.geom), ST_YMax(f.geom),
    ST_X(ST_Centroid(f.geom)), ST_Y(ST_Centroid(f.geom))
from near
cross join lateral (select geom from footprint where id = near.id and space = :space offset 0) f
