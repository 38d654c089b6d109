-- Which features of an edition, and of those it rests on, bear a name: their id here or at the source, or what they are called?
select f.id, f.source_id, f.name, f.valid_from, f.valid_to, f.attributes, ST_AsBinary(f.geom) as geom
from feature f
where f.edition_id = any(edition_chain(:edition))
  and not exists (
    select from feature_end gone where gone.feature_id = f.id and gone.edition_id = any(edition_chain(:edition))
)
  and (f.id = cast(:number as bigint) or f.source_id = :name or f.name = :name)
order by (f.id = cast(:number as bigint)) desc nulls last, (f.source_id = :name) desc nulls last, f.id
limit :most
