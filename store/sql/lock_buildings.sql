-- Hold some buildings until the transaction ends: in order, so that two transactions never wait for each other.
select pg_advisory_xact_lock(key)
from (select distinct hashtextextended(id, 77) as key from unnest(cast(:ids as text[])) as held (id) order by key) as held
