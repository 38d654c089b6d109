-- Which edition of each of some layers is in effect on its day?
select asked.n, (
    select e.id from edition e
    where e.layer = asked.layer and e.kind = 'vector' and e.valid_from <= asked.as_of
      and (e.valid_to is null or e.valid_to > asked.as_of)
    order by e.valid_from desc, e.recorded_at desc, e.id desc
    limit 1
) as edition
from unnest(cast(:layers as text[]), cast(:days as date[])) with ordinality as asked (layer, as_of, n)
order by asked.n
