-- Which buildings bear, or bore, some names that others assigned? On a day, as known at a time.
select a.value, a.scheme, cast(a.building_id as text) as building_id, b.code, u.number as unit, a.valid_from, a.valid_to,
       coalesce(a.valid_to > least(cast(:as_of as date), cast(cast(:known_at as timestamptz) as date)), true) as is_held
from alias a
join building b on b.id = a.building_id
left join unit u on u.id = a.unit_id
where a.value = any(cast(:names as text[]))
  and a.recorded_at <= cast(:known_at as timestamptz) and a.valid_from <= cast(:as_of as date)
order by a.value, b.code, u.number
