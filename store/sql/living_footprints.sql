-- Which living footprints touch the boxes of a delivery?
select cast(f.building_id as text) as building_id, b.code, f.version, f.stage, f.fingerprint, ST_AsBinary(f.geom) as geom
from footprint f
join building b on b.id = f.building_id
where f.id in (
    -- joined: the index on geom does not serve an exists
    select near.id
    from unnest(
        cast(:west as float8[]), cast(:south as float8[]), cast(:east as float8[]), cast(:north as float8[])
    ) as box (w, s, e, n)
    join footprint near on near.geom && ST_MakeEnvelope(w, s, e, n, 4490) and near.replaced_at is null
)
order by b.code
