-- Which buildings were in a project on a day (ever, where none is told), and where does each stand?
select
    pb.id, cast(b.id as text) as building_id, b.code, b.kind, b.facility_class, pb.valid_from, pb.valid_to,
    f.name, coalesce(s.stage, f.stage) as stage, f.area_m2, f.plane, f.plane_area_m2, c.reason as closed_as,
    u.units, u.unit_area_m2
from project_building pb
join building b on b.id = pb.building_id
join lateral (select * from footprint where building_id = b.id order by version desc limit 1) f on true
left join lateral stage_entered_last(b.id, cast(:stages as text[]), 'infinity', 'infinity') s on true
left join closure c on c.building_id = b.id and c.revoked_at is null
left join lateral (
    select count(*) as units, coalesce(sum(area_m2), 0) as unit_area_m2 from unit
    where building_id = b.id and valid_to is null
) u on true
where pb.project_id = cast(:project as uuid)
  and (cast(:day as date) is null or (pb.valid_from <= cast(:day as date) and (pb.valid_to is null or pb.valid_to > cast(:day as date))))
order by b.code, pb.id
