-- Hold all buildings, or (shared) keep everyone from it: who holds many would fill the lock table, which all sessions share.
select case
    when cast(:alone as boolean) then pg_advisory_xact_lock((77::bigint << 40) - 1)
    else pg_advisory_xact_lock_shared((77::bigint << 40) - 1)
end
