-- Which rasters of each layer are in effect on a day, as was known at a time?
-- Of those that say the same of themselves (the same airport, the same time of day) the one that took effect last, then the
-- one recorded last.
select distinct on (layer, attributes -> 'says')
    id, layer, title, source, accuracy_m, valid_from, valid_to, recorded_at, attributes, source_sha256, office_id
from edition
where kind = 'raster'
  and valid_from <= cast(:as_of as date) and (valid_to is null or cast(:as_of as date) < valid_to)
  and (cast(:known_at as timestamptz) is null or recorded_at <= cast(:known_at as timestamptz))
order by layer, attributes -> 'says', valid_from desc, recorded_at desc, id desc
