-- What became of a job next? Nothing, once it has ended.
insert into job_event (job_id, number, office_id, state, told)
select j.id, coalesce(max(e.number), 0) + 1, j.office_id, :state, cast(:told as jsonb)
from job j
left join job_event e on e.job_id = j.id
where j.id = cast(:job as uuid)
group by j.id
having count(*) filter (where e.state in ('done', 'failed', 'cancelled')) = 0
returning number
