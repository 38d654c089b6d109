-- How far does the ledger go: the last event's number, hash and time, and the time now?
select last.seq, last.leaf_hash, last.recorded_at, clock_timestamp() as now
from (values (1)) as always
left join (select seq, leaf_hash, recorded_at from event order by seq desc limit 1) as last on true
