-- Which units did a building have on a day (now, where none is told), and by which unit code?
select cast(u.id as text) as id, u.number, u.storey, u.area_m2, u.use, u.attributes, u.valid_from, u.valid_to, a.value as code
from unit u
left join lateral (
    select value from alias
    where unit_id = u.id and scheme = 'bdcdyh'
      and (valid_to is null or (valid_from <= cast(:day as date) and valid_to > cast(:day as date)))
    order by id desc
    limit 1
) a on true
where u.building_id = cast(:building as uuid)
  and case when cast(:day as date) is null then u.valid_to is null
      else u.valid_from <= cast(:day as date) and (u.valid_to is null or u.valid_to > cast(:day as date))
      end
order by u.recorded_at, u.number
