-- Some buildings, living or not, each with its newest footprint and the closure that stands.
select
    cast(b.id as text) as building_id, b.code, b.kind, b.facility_class, b.office_id,
    cast(b.part_of as text) as part_of_id, whole.code as part_of,
    c.id as closure_id, c.reason as closed_as, c.closed_on,
    f.version, f.stage, f.name, f.fingerprint, f.h3, f.area_m2, f.plane, f.plane_area_m2, f.perimeter_m, f.attributes,
    f.recorded_at, f.office_id as drawn_by, f.space, f.height_m, f.width_m, cast(f.upload_id as text) as upload_id,
    ST_AsBinary(f.geom) as geom, ST_AsBinary(f.axis) as axis
from unnest(cast(:codes as text[])) as asked (code)
-- each looked up by itself (offset 0): see migration 0014
cross join lateral (select * from building where code = asked.code offset 0) b
left join lateral (select code from building where id = b.part_of offset 0) whole on true
left join closure c on c.building_id = b.id and c.revoked_at is null
join lateral (select * from footprint where building_id = b.id order by version desc limit 1) f on true
order by b.code
