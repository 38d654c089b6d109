-- Which events' columns say something else than the events themselves? Their names, by the events' numbers.
select seq, array_to_string(array[
    case when said ->> 'kind' is distinct from kind then 'kind' end,
    case when said ->> 'subject' is distinct from subject then 'subject' end,
    case when said ->> 'actor' is distinct from actor then 'actor' end,
    case when (said ->> 'occurred_at')::timestamptz is distinct from occurred_at then 'occurred_at' end,
    case when (said ->> 'recorded_at')::timestamptz is distinct from recorded_at then 'recorded_at' end,
    case when decode(said ->> 'previous', 'hex') is distinct from previous_hash then 'previous_hash' end,
    case when said ->> 'office' is distinct from office then 'office_id' end,
    case when building is not null and split_part(said ->> 'subject', '/', 1) = 'building'
              and said ->> 'subject' <> 'building/' || building then 'building_id' end
], ', ') as columns
from (
    select e.*, e.canonical::jsonb as said, o.code as office, b.code as building
    from event e
    left join office o on o.id = e.office_id
    left join building b on b.id = e.building_id
) as e
where (said ->> 'kind', said ->> 'subject', said ->> 'actor', (said ->> 'occurred_at')::timestamptz,
       (said ->> 'recorded_at')::timestamptz, decode(said ->> 'previous', 'hex'), said ->> 'office')
      is distinct from (kind, subject, actor, occurred_at, recorded_at, previous_hash, office)
   or (building is not null and split_part(said ->> 'subject', '/', 1) = 'building'
       and said ->> 'subject' <> 'building/' || building)
order by seq
