-- The ledger: every event once, in one chain and one Merkle tree (RFC 9162). registry/ledger says what an event is.

-- Attributes may be personal: events have their salted digest, and the salt is kept here.
alter table footprint add column salt text not null default gen_random_uuid();
alter table stage_entry add column salt text not null default gen_random_uuid();

alter table event rename to event_before;

-- The canonical text is the event. The other columns are read off it, but for the building's key and the times, which the
-- database cannot derive (a text's time depends on the session's zone): `luotu ledger verify` compares those.
create table event (
    seq bigint primary key,
    building_id uuid references building,
    office_id integer not null references office,
    kind text not null generated always as (canonical::jsonb ->> 'kind') stored,
    subject text not null generated always as (canonical::jsonb ->> 'subject') stored,
    actor text not null generated always as (canonical::jsonb ->> 'actor') stored,
    body jsonb not null generated always as (canonical::jsonb -> 'body') stored,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    canonical text not null,
    leaf_hash bytea not null,
    previous_hash bytea generated always as (decode(canonical::jsonb ->> 'previous', 'hex')) stored,
    constraint event_seq check (seq = (canonical::jsonb ->> 'seq')::bigint),
    constraint event_leaf check (leaf_hash = sha256('\x00'::bytea || convert_to(canonical, 'UTF8')))
);

-- The tree's complete nodes above the leaves, for roots and proofs in few steps. All of them follow from the leaves.
create table ledger_node (
    level integer not null check (level > 0),
    position bigint not null,
    hash bytea not null check (octet_length(hash) = 32),
    primary key (level, position)
);

-- Signed heads of the tree, as notes that stand on their own.
create table checkpoint (
    size bigint primary key,
    root bytea not null check (octet_length(root) = 32),
    signed_at timestamptz not null,
    key_id text not null,
    note text not null
);

-- Every event but the first has the one before it: no gap, and the hash of just that one.
create function event_follows() returns trigger language plpgsql as $$
declare
    wrong bigint;
begin
    select a.seq into wrong
    from added a
    left join event before on before.seq = a.seq - 1
    where a.previous_hash is distinct from before.leaf_hash or (before.seq is null) <> (a.seq = 0)
    order by a.seq
    limit 1;
    if wrong is not null then
        raise exception 'event % does not follow the one before it', wrong using errcode = '23514', constraint = 'event_follows';
    end if;
    return null;
end
$$;
create trigger event_follows after insert on event
    referencing new table as added for each statement execute function event_follows();

do $$
declare
    name text;
begin
    foreach name in array array['event', 'ledger_node', 'checkpoint'] loop
        execute format('create trigger refuse_change before update or delete on %I for each row execute function refuse_change()', name);
        execute format('create trigger refuse_truncate before truncate on %I for each statement execute function refuse_change()', name);
    end loop;
end
$$;
