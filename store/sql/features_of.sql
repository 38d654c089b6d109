-- What are the features of some editions, those of the editions that they rest on included?
with recursive chain (edition_id, part) as (
    select asked.id, asked.id from unnest(cast(:editions as integer[])) as asked (id)
    union all
    select chain.edition_id, e.base_id from chain join edition e on e.id = chain.part where e.base_id is not null
)
select f.id, chain.edition_id, f.name, f.class_code, f.valid_from, f.valid_to, f.attributes, own.valid_from as since,
       ST_AsBinary(f.geom) as geom
from chain
join edition own on own.id = chain.part
join feature f on f.edition_id = chain.part
where not exists (
    select from feature_end ended
    join chain later on later.part = ended.edition_id and later.edition_id = chain.edition_id
    where ended.feature_id = f.id
)
order by f.id
