-- The features that some editions bring or end, and those of others that begin or end between two days.
select f.id, f.edition_id, f.name, f.class_code, f.valid_from, f.valid_to, f.attributes, own.valid_from as since,
       ST_AsBinary(f.geom) as geom
from (
    select id from feature where edition_id = any(cast(:apart as integer[]))
    union
    select feature_id from feature_end where edition_id = any(cast(:apart as integer[]))
    union
    select id from feature
    where cast(:first as date) < cast(:last as date) and edition_id = any(cast(:shared as integer[]))
      and (valid_from > cast(:first as date) and valid_from <= cast(:last as date)
           or valid_to > cast(:first as date) and valid_to <= cast(:last as date))
) as changed
join feature f on f.id = changed.id
join edition own on own.id = f.edition_id
order by f.id
