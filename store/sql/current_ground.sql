-- Where do the buildings with some codes stand now?
select b.code, f.name, f.space, ST_AsBinary(f.geom) as geom
from building b
join footprint f on f.building_id = b.id and f.replaced_at is null
where b.code = any(cast(:codes as text[]))
order by b.code
