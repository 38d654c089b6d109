-- Intake: what checks found in delivered rows, and how the layers that are delivered are mapped to the catalogue's.

-- What checks found in a row, the worst first, as its report says it; null where nothing was.
alter table upload_row add column warnings jsonb;

-- How an office's delivered layer becomes one of the catalogue: fields and codes, by a name. A change is a version of its own.
create table layer_mapping (
    id integer generated always as identity primary key,
    office_id integer not null references office,
    name text not null check (name ~ '\S' and length(name) <= 80),
    version integer not null check (version > 0),
    layer text not null,
    content jsonb not null,
    actor text not null,
    recorded_at timestamptz not null default statement_timestamp(),
    unique (office_id, name, version)
);
create trigger refuse_change before update or delete on layer_mapping for each row execute function refuse_change();
create trigger refuse_truncate before truncate on layer_mapping for each statement execute function refuse_change();

-- Where an office works: west, south, east, north in degrees.
alter table office add column extent double precision[]
    check (cardinality(extent) = 4 and extent[1] < extent[3] and extent[2] < extent[4]);

-- Work that goes on after its request was answered: who asked for what. Whose turn it is, procrastinate's tables know.
create table job (
    id uuid primary key default gen_random_uuid(),
    office_id integer not null references office,
    kind text not null check (kind in ('upload')),
    actor text not null,
    role text not null,
    request jsonb not null,
    recorded_at timestamptz not null default statement_timestamp()
);
create index job_office on job (office_id, recorded_at);

-- What became of a job, step by step: the newest tells where it stands.
create table job_event (
    job_id uuid not null references job,
    number integer not null check (number > 0),
    office_id integer not null references office,
    state text not null check (state in ('waiting', 'running', 'cancelling', 'done', 'failed', 'cancelled')),
    told jsonb not null,
    recorded_at timestamptz not null default statement_timestamp(),
    primary key (job_id, number)
);
-- a job ends once
create unique index job_event_end on job_event (job_id) where state in ('done', 'failed', 'cancelled');

create trigger refuse_change before update or delete on job for each row execute function refuse_change();
create trigger refuse_change before update or delete on job_event for each row execute function refuse_change();
create trigger refuse_truncate before truncate on job for each statement execute function refuse_change();
create trigger refuse_truncate before truncate on job_event for each statement execute function refuse_change();

-- A text of an event was read once for each column that is read off it, which took longer than to store it: now it is read once.
alter table event
    alter column kind drop expression,
    alter column subject drop expression,
    alter column actor drop expression,
    alter column body drop expression,
    alter column previous_hash drop expression;
create function event_reads_itself() returns trigger language plpgsql as $$
declare
    said constant jsonb := new.canonical::jsonb;
begin
    new.kind := said ->> 'kind';
    new.subject := said ->> 'subject';
    new.actor := said ->> 'actor';
    new.body := said -> 'body';
    new.previous_hash := decode(said ->> 'previous', 'hex');
    return new;
end
$$;
create trigger event_reads_itself before insert on event for each row execute function event_reads_itself();

-- The same rule as close_only, said of one column by its name: a second survey closes a footprint for each of its rows, and
-- writing the old one as JSON, its geometry and all, took longer than the rest of it.
create function close_footprint() returns trigger language plpgsql as $$
declare
    before public.footprint := new;
begin
    before.replaced_at := null;
    if new.replaced_at is not null and before *= old then
        return new;
    end if;
    raise exception 'footprint rows are closed once and never changed' using errcode = '55000';
end
$$;
drop trigger close_only on footprint;
create trigger close_only before update on footprint for each row execute function close_footprint();
