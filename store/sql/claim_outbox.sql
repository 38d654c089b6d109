-- Which messages are to be sent now? Of each subject the first that is not delivered; nobody else sends it for a while.
with head as (
    select o.subscription_id, o.seq
    from outbox o
    join subscription s on s.id = o.subscription_id and s.ended_at is null
    where o.delivered_at is null and o.due_at <= statement_timestamp()
      and not exists (
          select from outbox earlier
          where earlier.subscription_id = o.subscription_id and earlier.subject = o.subject
            and earlier.seq < o.seq and earlier.delivered_at is null
      )
    order by o.seq
    limit :most
    for update of o skip locked
)
update outbox o
set attempts = o.attempts + 1, due_at = statement_timestamp() + make_interval(secs => :lease_s)
from head, subscription s, event e
where o.subscription_id = head.subscription_id and o.seq = head.seq
  and s.id = o.subscription_id and e.seq = o.seq
returning o.subscription_id, o.seq, o.subject, o.attempts, s.url, s.secret, e.canonical
