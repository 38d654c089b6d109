-- Which edition of each layer is in effect on a day, as was known at a time?
-- The one that took effect last, then the one recorded last. Rasters are asked for apart: a layer may have several, and
-- features beside them.
select distinct on (layer)
    id, layer, title, source, accuracy_m, currency, valid_from, valid_to, features, recorded_at, base_id, kind, attributes,
    source_sha256, office_id, ST_AsBinary(completeness) as completeness
from edition
where kind = 'vector'
  and valid_from <= cast(:as_of as date) and (valid_to is null or cast(:as_of as date) < valid_to)
  and (cast(:known_at as timestamptz) is null or recorded_at <= cast(:known_at as timestamptz))
order by layer, valid_from desc, recorded_at desc, id desc
