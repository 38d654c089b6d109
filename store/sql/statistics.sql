-- How many of what came to be in which month (UTC): for some offices, or all where null.
with
    office_ids as (select id from office where cast(:offices as integer[]) is null or id = any(cast(:offices as integer[]))),
    counted as (
        select 'registered' as what, kind as name, cast(recorded_at as date) as day, count(*) as number
        from building where office_id in (select id from office_ids)
        group by 2, 3
        union all
        select 'closed', reason, closed_on, count(*)
        from closure where revoked_at is null and office_id in (select id from office_ids)
        group by 2, 3
        union all
        select 'entered', stage, occurred_on, count(*)
        from stage_entry where withdrawn_at is null and office_id in (select id from office_ids)
        group by 2, 3
        union all
        select 'uploaded', r.outcome, cast(u.recorded_at as date), count(*)
        from upload u
        join upload_row r on r.upload_id = u.id
        where u.office_id in (select id from office_ids)
        group by 2, 3
        union all
        select 'reviewed', coalesce(d.decision, 'open'), cast(coalesce(d.recorded_at, r.recorded_at) as date), count(*)
        from review r
        left join review_decision d on d.review_id = r.id
        where r.office_id in (select id from office_ids)
        group by 2, 3
    )
select what, name, to_char(day, 'YYYY-MM') as month, cast(sum(number) as bigint) as number
from counted
group by what, name, month
order by what, month, name
