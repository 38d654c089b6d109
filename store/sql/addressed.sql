-- Which geometry versions have one of the keys of some addresses or names, those that agree in more of the text first?
select distinct on (asked.n, f.building_id, f.id)
    asked.n, cast(f.building_id as text) as building_id, f.id as footprint_id, asked.key
from unnest(cast(:numbers as integer[]), cast(:keys as text[])) as asked (n, key)
join footprint f on f.addresses @> array[asked.key]
order by asked.n, f.building_id, f.id, length(asked.key) desc
limit :most
