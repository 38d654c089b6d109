-- How many buildings did each office bring, how many of them live, and on how much ground: for some offices, or all where null.
select
    o.code, o.name_zh, o.name_en, o.division,
    count(*) as buildings, count(f.id) as living, coalesce(sum(f.area_m2), 0) as area_m2
from building b
join office o on o.id = b.office_id
left join footprint f on f.building_id = b.id and f.replaced_at is null
where cast(:offices as integer[]) is null or b.office_id = any(cast(:offices as integer[]))
group by o.id
order by o.code
