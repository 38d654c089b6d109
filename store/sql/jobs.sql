-- Which jobs did an office (any, where null) ask for last, and where does each of them stand?
select
    cast(j.id as text) as id, j.kind, j.actor, j.role, j.request, j.recorded_at, j.office_id, o.name_zh, o.name_en,
    e.number, e.state, e.told, e.recorded_at as changed_at,
    (select min(b.recorded_at) from job_event b where b.job_id = j.id and b.state = 'running') as began_at
from (
    -- of these alone it is told where they stand
    select * from job
    where (cast(:job as uuid) is null or id = cast(:job as uuid))
      and (cast(:kind as text) is null or kind = :kind)
      and (cast(:office as integer) is null or office_id = :office)
      and (cast(:processes as text[]) is null or request ->> 'process' = any(:processes))
      and (cast(:since as timestamptz) is null or recorded_at >= :since)
      and (cast(:until as timestamptz) is null or recorded_at <= :until)
      and (cast(:states as text[]) is null
           or (select state from job_event where job_id = job.id order by number desc limit 1) = any(:states))
      and (cast(:least_s as float8) is null and cast(:most_s as float8) is null or (
             -- from when it was begun until it ended, or now
             select extract(epoch from coalesce(max(recorded_at) filter (where state in ('done', 'failed', 'cancelled')), now())
                                       - min(recorded_at) filter (where state = 'running'))
             from job_event where job_id = job.id
           ) between coalesce(cast(:least_s as float8), 0) and coalesce(cast(:most_s as float8), 'infinity'))
      and (cast(:after as uuid) is null or exists (
             select from job l
             where l.id = cast(:after as uuid)
               and (job.recorded_at < l.recorded_at or (job.recorded_at = l.recorded_at and job.id > l.id))))
    order by recorded_at desc, id
    limit :most
) j
join office o on o.id = j.office_id
cross join lateral (select * from job_event where job_id = j.id order by number desc limit 1) e
order by j.recorded_at desc, j.id
