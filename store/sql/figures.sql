-- How does the register stand, in figures: rows of uploads, jobs by state, what waits, how far the ledger and its heads go?
with standing as (
    select distinct on (job_id) job_id, state from job_event order by job_id, number desc
), head as (
    select size, signed_at from checkpoint order by size desc limit 1
), owed as (
    select count(*) as number, min(e.recorded_at) as since
    from outbox o
    join subscription s on s.id = o.subscription_id and s.ended_at is null
    join event e on e.seq = o.seq
    where o.delivered_at is null
)
select
    (select coalesce(jsonb_object_agg(state, number), '{}')
     from (select state, count(*) as number from standing group by state) as each) as jobs,
    (select count(*) from procrastinate_jobs where status = 'todo') as queued,
    owed.number as owed,
    coalesce(extract(epoch from clock_timestamp() - owed.since), 0)::float8 as owed_for_s,
    coalesce((select seq + 1 from event order by seq desc limit 1), 0) as events,
    coalesce((select size from head), 0) as signed,
    coalesce((select extract(epoch from clock_timestamp() - signed_at) from head), 0)::float8 as head_age_s,
    (select jsonb_build_object(
        'accepted', coalesce(sum((told ->> 'accepted')::bigint), 0),
        'held', coalesce(sum((told ->> 'held')::bigint), 0),
        'refused', coalesce(sum((told ->> 'refused')::bigint), 0)
     ) from (
        -- what the end of an upload told counts before what its beginning did
        select u.report || coalesce(a.told, '{}') as told from upload u left join upload_account a on a.upload_id = u.id
     ) as each) as rows
from owed
