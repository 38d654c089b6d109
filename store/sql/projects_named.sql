-- Which buildings belong to the projects with some codes or names? On a day, as known at a time.
select n.name as asked, cast(p.id as text) as project_id, p.code as project_code, p.name as project_name,
       cast(pb.building_id as text) as building_id, b.code
from unnest(cast(:names as text[])) as n (name)
join project p on p.code = n.name or upper(normalize(p.name, nfkc)) = n.name
left join project_building pb on pb.project_id = p.id
    and pb.recorded_at <= cast(:known_at as timestamptz) and pb.valid_from <= cast(:as_of as date)
    and coalesce(pb.valid_to > least(cast(:as_of as date), cast(cast(:known_at as timestamptz) as date)), true)
left join building b on b.id = pb.building_id
where p.recorded_at <= cast(:known_at as timestamptz)
order by n.name, p.id, b.code
