-- Which fields do the features of some editions have, and of which kinds are their values, as the first of each say?
select asked.edition, said.name, array_agg(distinct jsonb_typeof(said.value)) as kinds
from unnest(cast(:editions as integer[])) as asked (edition)
cross join lateral (
    select attributes from feature where edition_id = asked.edition order by id limit :most
) f
cross join lateral jsonb_each(f.attributes) with ordinality as said (name, value, place)
where jsonb_typeof(said.value) <> 'null'
group by asked.edition, said.name
order by asked.edition, min(said.place), said.name
