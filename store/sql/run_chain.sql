-- A run and those that it brings up to date.
with recursive chain (id, base_id) as (
    select id, base_id from run where id = cast(:run as uuid)
    union all
    select run.id, run.base_id from chain join run on run.id = chain.base_id
)
select array_agg(id) from chain
