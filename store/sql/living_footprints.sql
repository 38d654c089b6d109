-- Which living footprints touch the boxes of a delivery?
select f.building_id, b.code, f.version, f.stage, f.fingerprint, ST_AsBinary(f.geom) as geom
from footprint f
join building b on b.id = f.building_id
where f.replaced_at is null
  and exists (
    select
    from unnest(
        cast(:west as float8[]), cast(:south as float8[]), cast(:east as float8[]), cast(:north as float8[])
    ) as box (w, s, e, n)
    where f.geom && ST_MakeEnvelope(w, s, e, n, 4490)
  )
order by b.code
