-- Have jobs wait again whose worker is gone: it says nothing any more, and the lock that it held while it worked is free.
with alone as materialized (
    select q.id, q.args ->> 'job' as job
    from procrastinate_jobs q
    left join procrastinate_workers w on w.id = q.worker_id
    where q.status = 'doing' and (w.id is null or w.last_heartbeat < now() - make_interval(secs => :patience_s))
)
select job, cast(procrastinate_retry_job_v2(id, now(), null, null, null) as text)
from alone
where pg_try_advisory_xact_lock(hashtextextended('job:' || job, 0))
