-- Which jobs did an office (any, where null) ask for last, and where does each of them stand?
select
    cast(j.id as text) as id, j.kind, j.actor, j.role, j.request, j.recorded_at, j.office_id, o.name_zh, o.name_en,
    e.number, e.state, e.told, e.recorded_at as changed_at
from (
    -- of these alone it is asked where they stand
    select * from job
    where (cast(:job as uuid) is null or id = cast(:job as uuid))
      and (cast(:kind as text) is null or kind = :kind)
      and (cast(:office as integer) is null or office_id = :office)
    order by recorded_at desc, id
    limit :most
) j
join office o on o.id = j.office_id
cross join lateral (select * from job_event where job_id = j.id order by number desc limit 1) e
order by j.recorded_at desc, j.id
