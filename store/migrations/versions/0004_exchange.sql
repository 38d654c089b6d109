-- The outbox: in the transaction of the event itself, so an event that is kept is told, and one that is undone is not.
create function owe_events() returns trigger language plpgsql as $$
begin
    insert into outbox (subscription_id, seq, subject)
    select s.id, a.seq, a.subject from added a cross join subscription s where s.ended_at is null;
    return null;
end
$$;
create trigger owe_events after insert on event
    referencing new table as added for each statement execute function owe_events();

-- Events of sister systems that were taken over, by their leaves: none is taken over twice.
create table imported (
    leaf_hash bytea primary key check (octet_length(leaf_hash) = 32),
    office_id integer not null references office,
    -- numbers that the sister system gave, and ours
    origin_seq bigint not null,
    origin_entry bigint,
    stage_entry_id bigint references stage_entry,
    recorded_at timestamptz not null default statement_timestamp()
);
create index imported_entry on imported (stage_entry_id);
create trigger refuse_change before update or delete on imported for each row execute function refuse_change();
create trigger refuse_truncate before truncate on imported for each statement execute function refuse_change();
