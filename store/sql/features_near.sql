-- Which features of some editions touch the boxes of footprints?
-- An edition has those of the editions that it rests on as well, but for those that one of them ends.
with recursive chain (edition_id, part) as (
    select asked.id, asked.id from unnest(cast(:editions as integer[])) as asked (id)
    union all
    select chain.edition_id, e.base_id from chain join edition e on e.id = chain.part where e.base_id is not null
), near as (
    -- joined: the index on geom does not serve an exists
    select distinct f.id, f.edition_id
    from unnest(
        cast(:west as float8[]), cast(:south as float8[]), cast(:east as float8[]), cast(:north as float8[])
    ) as box (w, s, e, n)
    join feature f on f.geom && ST_MakeEnvelope(w, s, e, n, 4490)
)
select f.id, chain.edition_id, f.name, f.class_code, f.valid_from, f.valid_to, f.attributes, own.valid_from as since,
       ST_AsBinary(f.geom) as geom
from near
join chain on chain.part = near.edition_id
join edition own on own.id = near.edition_id
join feature f on f.id = near.id
where not exists (
    select from feature_end ended
    join chain later on later.part = ended.edition_id and later.edition_id = chain.edition_id
    where ended.feature_id = near.id
)
order by f.id
