-- For how long, in seconds, has the oldest commit waited until a receiver of the log has it safe? 0 where none waits.
select coalesce(extract(epoch from clock_timestamp() - min(query_start)), 0)::float8
from pg_stat_activity
where wait_event = 'SyncRep' and datname = current_database()
