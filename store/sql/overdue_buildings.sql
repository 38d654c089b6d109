-- Which living buildings entered a stage so long ago, and nothing that ends the waiting since, that something may be due?
select cast(b.id as text) as id, b.code, f.name, o.name_zh as office_zh, o.name_en as office_en
from (
    select waiting.building_id, min(waiting.occurred_on) as since
    from jsonb_to_recordset(cast(:deadlines as jsonb)) as deadline (
        start text, until text[], is_bare boolean, by_certificate boolean, by_documents text[], entered_by date
    )
    join stage_entry waiting
        on waiting.stage = deadline.start and waiting.occurred_on <= deadline.entered_by and waiting.withdrawn_at is null
    where not exists (
        select from stage_entry done
        where done.building_id = waiting.building_id
          and done.withdrawn_at is null
          and done.stage = any(deadline.until)
          and done.occurred_on >= waiting.occurred_on
          and (
              deadline.is_bare
              or (deadline.by_certificate and done.certificate is not null)
              or exists (
                  select from jsonb_array_elements(done.attributes -> 'documents') as document
                  where document ->> 'kind' = any(deadline.by_documents)
              )
          )
    )
    group by waiting.building_id
) as late
join building b on b.id = late.building_id
join footprint f on f.building_id = b.id and f.replaced_at is null
join office o on o.id = b.office_id
where cast(:office as integer) is null or b.office_id = :office
order by late.since, b.code
limit :limit
