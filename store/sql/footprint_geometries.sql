-- What is the geometry of each footprint, and the fingerprint that it should have?
select b.code, f.version, f.fingerprint, ST_AsBinary(f.geom) as geom
from footprint f
join building b on b.id = f.building_id
