-- Which edition of each layer is in effect on a day? The one that took effect last, then the one recorded last.
select distinct on (layer)
    id, layer, title, source, accuracy_m, currency, valid_from, valid_to, features, recorded_at,
    ST_AsBinary(completeness) as completeness
from edition
where valid_from <= cast(:as_of as date) and (valid_to is null or cast(:as_of as date) < valid_to)
order by layer, valid_from desc, recorded_at desc, id desc
