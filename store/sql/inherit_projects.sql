-- Put the buildings that come after others into the projects that those are in now; one that is in it already stays so.
insert into project_building (project_id, building_id, office_id, valid_from)
select held.project_id, descent.successor, :office, greatest(cast(:on as date), min(held.valid_from))
from unnest(cast(:predecessors as uuid[]), cast(:successors as uuid[])) as descent (predecessor, successor)
join project_building held on held.building_id = descent.predecessor and held.valid_to is null
group by held.project_id, descent.successor
order by held.project_id, descent.successor
on conflict do nothing
returning id, building_id
