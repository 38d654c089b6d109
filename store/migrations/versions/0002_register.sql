-- The register in full: what a code stands for, how its life goes, and what belongs to it.
-- Rows are added and closed, never changed, as in 0001; work in progress (webhook deliveries) is the exception, and says so.

-- A code names a building, a separate part of one (a basement that reaches beyond it), or a municipal facility.
alter table building add column kind text not null default 'building' check (kind in ('building', 'part', 'facility'));
alter table building add column part_of uuid references building;
alter table building add column facility_class text;
alter table building add constraint building_part check ((kind = 'part') = (part_of is not null));
alter table building add constraint building_facility check ((kind = 'facility') = (facility_class is not null));

-- On one ground stands one living thing of each space: 'surface', 'underground', or a class of facilities.
alter table footprint add column space text not null default 'surface';
alter table footprint add column height_m double precision check (height_m >= 0);
-- what is drawn at the register's own desk comes with no delivery; its event says who drew it
alter table footprint alter column upload_id drop not null;
-- a facility's line or point as delivered, and the width of its corridor
alter table footprint add column axis geometry(Geometry, 4490);
alter table footprint add column width_m double precision check (width_m > 0);
-- the keys of its name and addresses (registry/addresses.py), by which a building is found
alter table footprint add column addresses text[] not null default '{}';
create index footprint_addresses on footprint using gin (addresses);
-- for the question what stood on a ground on a day: footprint_ground has what stands there now
create index footprint_former_ground on footprint using gist (geom) where replaced_at is not null;

-- A fingerprint is current once in each space: a basement may have the outline of the house above it.
drop index footprint_fingerprint;
create unique index footprint_fingerprint on footprint (fingerprint, space) where replaced_at is null;

create or replace function footprint_keeps_its_ground() returns trigger language plpgsql as $$
declare
    taken_by text;
begin
    perform lock_ground(array_agg(ST_XMin(geom)), array_agg(ST_YMin(geom)), array_agg(ST_XMax(geom)), array_agg(ST_YMax(geom)))
    from added having count(*) > 0;
    -- The next statement sees what was committed before the locks were had. It is executed, to be planned anew: a session
    -- would keep the plan that it made when the table was small, which leaves the index on geom out. The ground first, one
    -- footprint after the other (offset 0): the planner, who knows nothing of rows just added, would pair all of a space.
    -- Facilities of a class cross and meet: only the same one twice is refused, by intersection over union.
    execute '
        select b.code
        from added a
        cross join lateral (
            select building_id, space, geom from footprint where geom && a.geom and replaced_at is null offset 0
        ) f
        join building b on b.id = f.building_id
        cross join lateral (select ST_Area(a.geom) as mine, ST_Area(f.geom) as theirs) as area
        where a.replaced_at is null
          and f.space = a.space
          and f.building_id <> a.building_id
          and ST_Intersects(a.geom, f.geom)
          and case when a.space in (''surface'', ''underground'')
              then ST_Area(ST_Intersection(a.geom, f.geom)) > 0.05 * least(mine, theirs)
              else ST_Area(ST_Intersection(a.geom, f.geom)) > 0.9 / 1.9 * (mine + theirs)
              end
        limit 1
    ' into taken_by;
    if taken_by is not null then
        raise exception 'the ground is taken by building %', taken_by using errcode = '23P01', detail = taken_by;
    end if;
    return null;
end
$$;

-- The end of a building's life; a mistaken one is revoked, and the building lives again under its code.
create table closure (
    id bigint generated always as identity primary key,
    building_id uuid not null references building,
    office_id integer not null references office,
    reason text not null check (reason in ('demolished', 'rebuilt', 'split', 'merged', 'mistaken')),
    closed_on date not null,
    recorded_at timestamptz not null default statement_timestamp(),
    revoked_at timestamptz
);
create unique index closure_standing on closure (building_id) where revoked_at is null;
-- here and below: what held on a day in the past is asked as well
create index closure_building on closure (building_id);

-- Who came after whom. A successor is never its own predecessor, at any remove.
create table lineage (
    id bigint generated always as identity primary key,
    predecessor_id uuid not null references building,
    successor_id uuid not null references building,
    office_id integer not null references office,
    relation text not null check (relation in ('rebuilt', 'split', 'merged')),
    recorded_at timestamptz not null default statement_timestamp(),
    revoked_at timestamptz,
    check (predecessor_id <> successor_id)
);
create unique index lineage_standing on lineage (predecessor_id, successor_id) where revoked_at is null;
create index lineage_successor on lineage (successor_id);
create index lineage_predecessor on lineage (predecessor_id);

create function lineage_is_acyclic() returns trigger language plpgsql as $$
begin
    -- one writer at a time: two transactions could each add half of a circle
    perform pg_advisory_xact_lock((76::bigint << 40) - 2);
    if exists (
        with recursive later (id) as (
            select new.successor_id
            union
            select l.successor_id from lineage l join later on l.predecessor_id = later.id where l.revoked_at is null
        )
        select from later where id = new.predecessor_id
    ) then
        raise exception 'a building cannot come after itself' using errcode = '23514', constraint = 'lineage_is_acyclic';
    end if;
    return null;
end
$$;
create trigger lineage_is_acyclic after insert on lineage for each row execute function lineage_is_acyclic();

-- A building enters a stage, on a day, by a document. A wrong entry is withdrawn, not deleted.
create table stage_entry (
    id bigint generated always as identity primary key,
    building_id uuid not null references building,
    office_id integer not null references office,
    stage text not null,
    occurred_on date not null,
    footprint_id bigint references footprint,
    height_m double precision check (height_m >= 0),
    floor_area_m2 double precision check (floor_area_m2 >= 0),
    certificate text,
    attributes jsonb not null default '{}',
    actor text not null,
    recorded_at timestamptz not null default statement_timestamp(),
    withdrawn_at timestamptz
);
create index stage_entry_building on stage_entry (building_id, id);
create index stage_entry_standing on stage_entry (stage, building_id, occurred_on) where withdrawn_at is null;

-- Four eyes: who wants an entry withdrawn. The second one who does closes it.
create table stage_withdrawal (
    id bigint generated always as identity primary key,
    stage_entry_id bigint not null references stage_entry,
    office_id integer not null references office,
    actor text not null,
    reason text not null,
    recorded_at timestamptz not null default statement_timestamp()
);
create index stage_withdrawal_entry on stage_withdrawal (stage_entry_id);

create table project (
    id uuid primary key default gen_random_uuid(),
    office_id integer not null references office,
    code text unique,
    name text not null,
    recorded_at timestamptz not null default now()
);

create table project_building (
    id bigint generated always as identity primary key,
    project_id uuid not null references project,
    building_id uuid not null references building,
    office_id integer not null references office,
    valid_from date not null default current_date,
    valid_to date,
    recorded_at timestamptz not null default statement_timestamp()
);
create unique index project_building_held on project_building (project_id, building_id) where valid_to is null;
create index project_building_building on project_building (building_id);

-- The building table (楼盘表): what can be owned in a building. A changed unit is closed and added anew.
create table unit (
    id uuid primary key default gen_random_uuid(),
    building_id uuid not null references building,
    office_id integer not null references office,
    number text not null,
    storey text not null,
    area_m2 double precision not null check (area_m2 > 0),
    use text not null,
    attributes jsonb not null default '{}',
    -- events have the salted digest of the attributes: they may be personal
    salt text not null default gen_random_uuid(),
    valid_from date not null default current_date,
    valid_to date,
    recorded_at timestamptz not null default statement_timestamp()
);
create unique index unit_held on unit (building_id, number) where valid_to is null;
create index unit_building on unit (building_id);

-- A name may be that of a unit; how its check was computed where schemes differ.
alter table alias add column unit_id uuid references unit;
alter table alias add column check_variant text;
drop index alias_held;
create unique index alias_held on alias (building_id, unit_id, scheme, value) nulls not distinct where valid_to is null;
create index alias_building on alias (building_id);

-- A document (drawing, survey report, certificate) at a building's stage, or of a project.
create table attachment (
    id uuid primary key default gen_random_uuid(),
    document_id integer not null references document,
    office_id integer not null references office,
    building_id uuid references building,
    project_id uuid references project,
    stage text,
    kind text not null,
    title text not null,
    media_type text not null,
    actor text not null,
    recorded_at timestamptz not null default statement_timestamp(),
    withdrawn_at timestamptz,
    check (num_nonnulls(building_id, project_id) = 1)
);
-- the same document at the same place is the same attachment
create unique index attachment_held on attachment (document_id, building_id, project_id, stage, kind) nulls not distinct
    where withdrawn_at is null;
create index attachment_building on attachment (building_id);
create index attachment_project on attachment (project_id);

-- Rows that the match could not decide, as delivered, and acts that somebody asks for (request) and another confirms; what
-- people decided is a row of its own.
alter table upload_row drop constraint upload_row_outcome_check;
alter table upload_row add constraint upload_row_outcome_check
    check (outcome in ('new', 'same', 'revised', 'split', 'merged', 'rebuilt', 'held', 'refused'));

create table review (
    id uuid primary key default gen_random_uuid(),
    upload_id uuid references upload,
    office_id integer not null references office,
    actor text not null,
    relation text not null,
    confidence double precision not null,
    evidence jsonb not null,
    request jsonb,
    recorded_at timestamptz not null default statement_timestamp(),
    check ((upload_id is null) = (request is not null))
);
create index review_upload on review (upload_id);
create table review_row (
    review_id uuid not null references review,
    row_number integer not null,
    office_id integer not null references office,
    name text,
    drawn text not null,
    attributes jsonb not null,
    aliases jsonb not null default '[]',
    geom geometry(MultiPolygon, 4490) not null,
    primary key (review_id, row_number)
);
create table review_building (
    review_id uuid not null references review,
    building_id uuid not null references building,
    office_id integer not null references office,
    primary key (review_id, building_id)
);
create index review_building_building on review_building (building_id);
create table review_decision (
    review_id uuid primary key references review,
    office_id integer not null references office,
    decision text not null check (decision in ('accepted', 'rejected', 'related')),
    relation text,
    reason text,
    answer jsonb not null,
    actor text not null,
    recorded_at timestamptz not null default statement_timestamp()
);

-- The same key with the same request is the same answer.
create table idempotency (
    office_id integer not null references office,
    key text not null,
    request_sha256 text not null,
    answer jsonb not null,
    recorded_at timestamptz not null default statement_timestamp(),
    primary key (office_id, key)
);

-- Sister systems that are told of events. A subscription begins after an event, and ends once.
create table subscription (
    id uuid primary key default gen_random_uuid(),
    office_id integer not null references office,
    label text not null,
    url text not null,
    secret text not null,
    recorded_at timestamptz not null default statement_timestamp(),
    ended_at timestamptz
);

-- The outbox: an event to be told to a subscriber. Work in progress, changed as it goes on and deleted by nobody.
create table outbox (
    subscription_id uuid not null references subscription,
    seq bigint not null,
    subject text not null,
    attempts integer not null default 0,
    due_at timestamptz not null default statement_timestamp(),
    delivered_at timestamptz,
    last_answer text,
    primary key (subscription_id, seq)
);
create index outbox_waiting on outbox (subscription_id, subject, seq) where delivered_at is null;

create trigger close_only before update on closure for each row execute function close_only('revoked_at');
create trigger close_only before update on lineage for each row execute function close_only('revoked_at');
create trigger close_only before update on stage_entry for each row execute function close_only('withdrawn_at');
create trigger close_only before update on project_building for each row execute function close_only('valid_to');
create trigger close_only before update on unit for each row execute function close_only('valid_to');
create trigger close_only before update on attachment for each row execute function close_only('withdrawn_at');
create trigger close_only before update on subscription for each row execute function close_only('ended_at');
create trigger refuse_delete before delete on outbox for each row execute function refuse_change();

do $$
declare
    name text;
begin
    foreach name in array array['closure', 'lineage', 'stage_entry', 'project_building', 'unit', 'attachment', 'subscription'] loop
        execute format('create trigger refuse_delete before delete on %I for each row execute function refuse_change()', name);
    end loop;
    foreach name in array array['stage_withdrawal', 'project', 'review', 'review_row', 'review_building', 'review_decision', 'idempotency'] loop
        execute format('create trigger refuse_change before update or delete on %I for each row execute function refuse_change()', name);
    end loop;
    foreach name in array array[
        'closure', 'lineage', 'stage_entry', 'stage_withdrawal', 'project', 'project_building', 'unit', 'attachment', 'review', 'review_row',
        'review_building', 'review_decision', 'idempotency', 'subscription', 'outbox'
    ] loop
        execute format('create trigger refuse_truncate before truncate on %I for each statement execute function refuse_change()', name);
    end loop;
end
$$;
