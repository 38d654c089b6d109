-- Which features of some editions touch the boxes of footprints?
select f.id, f.edition_id, f.name, f.class_code, f.valid_from, f.valid_to, f.attributes, ST_AsBinary(f.geom) as geom
from feature f
where f.edition_id = any(cast(:editions as integer[]))
  and f.id in (
    -- joined: the index on geom does not serve an exists
    select near.id
    from unnest(
        cast(:west as float8[]), cast(:south as float8[]), cast(:east as float8[]), cast(:north as float8[])
    ) as box (w, s, e, n)
    join feature near on near.geom && ST_MakeEnvelope(w, s, e, n, 4490)
)
order by f.id
