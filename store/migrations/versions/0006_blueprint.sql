-- The blueprint kept current: editions that change others, rule sets, runs that can be computed again, conflicts, differences,
-- and the cases that people make of them.

-- An edition may change another: what it says nothing of stays. A raster has no features; its bytes are its document.
alter table edition add column base_id integer references edition;
alter table edition add column kind text not null default 'vector' check (kind in ('vector', 'raster'));
alter table edition add column attributes jsonb not null default '{}';

-- What a feature says, in one hash: a feature that is delivered again unchanged is the same feature.
alter table feature add column fingerprint text check (fingerprint ~ '^[0-9a-f]{64}$');

-- A change names the features that it is of by the ids that their source gave them.
create index feature_source on feature (edition_id, source_id);

-- The features of its base that an edition ends.
create table feature_end (
    edition_id integer not null references edition,
    feature_id bigint not null references feature,
    primary key (edition_id, feature_id)
);
create index feature_end_feature on feature_end (feature_id);

-- An edition and those that it rests on, itself first.
create function edition_chain(edition integer) returns integer[] language sql stable strict parallel safe as $$
    with recursive chain (id, base_id, depth) as (
        select e.id, e.base_id, 0 from public.edition e where e.id = edition_chain.edition
        union all
        select e.id, e.base_id, chain.depth + 1 from chain join public.edition e on e.id = chain.base_id
    )
    select array_agg(id order by depth) from chain
$$;

-- A set of rules as it was when it judged: the texts that it was read from.
create table rule_set (
    version text primary key check (version ~ '^[0-9a-f]{64}$'),
    content jsonb not null,
    recorded_at timestamptz not null default statement_timestamp()
);

-- One question to the blueprint with all that its answer rests on, and the answer's hash.
create table run (
    id uuid primary key default gen_random_uuid(),
    office_id integer not null references office,
    kind text not null check (kind in ('findings', 'extract', 'conflicts', 'differences', 'sites')),
    -- of conflicts: the run that it brings up to date
    base_id uuid references run,
    rule_set_version text references rule_set,
    as_of date not null,
    known_at timestamptz not null,
    actor text not null,
    inputs jsonb not null,
    inputs_sha256 text not null check (inputs_sha256 ~ '^[0-9a-f]{64}$'),
    -- the answer, or its summary where the rows stand in a table of their own
    result jsonb not null,
    result_sha256 text not null check (result_sha256 ~ '^[0-9a-f]{64}$'),
    recorded_at timestamptz not null default statement_timestamp()
);
create index run_base on run (base_id);
create index run_kind on run (kind, recorded_at);

-- Two features that share ground against a rule, or one that lies outside (right_id is null).
create table conflict (
    id bigint generated always as identity primary key,
    run_id uuid not null references run,
    rule text not null,
    severity text not null,
    advisory boolean not null,
    left_layer text not null,
    left_id bigint not null references feature,
    right_layer text not null,
    right_id bigint references feature,
    outcome text not null,
    area_m2 double precision,
    ellipsoid_area_m2 double precision,
    width_m double precision,
    certainty text,
    reason jsonb,
    valid_from date,
    valid_to date,
    engine_mode text,
    geom geometry(Geometry, 4490)
);
create index conflict_run on conflict (run_id);
create index conflict_left on conflict (left_id);
create index conflict_right on conflict (right_id);
create index conflict_ground on conflict using gist (geom);

-- The conflicts of its base that a run ends.
create table conflict_end (
    run_id uuid not null references run,
    conflict_id bigint not null references conflict,
    primary key (run_id, conflict_id)
);
create index conflict_end_conflict on conflict_end (conflict_id);

-- Where two plans of land use agree, differ, or one of them says nothing.
create table difference (
    id bigint generated always as identity primary key,
    run_id uuid not null references run,
    class text not null check (class in ('both', 'first_only', 'second_only', 'neither', 'first_missing', 'second_missing', 'both_missing')),
    left_id bigint references feature,
    right_id bigint references feature,
    left_code text,
    right_code text,
    left_class text,
    right_class text,
    district text,
    area_m2 double precision not null,
    ellipsoid_area_m2 double precision not null,
    width_m double precision not null,
    certainty text,
    is_sliver boolean not null,
    engine_mode text,
    -- what of control lines and recent approvals lies on it: by layer, the area and the features
    hits jsonb not null default '{}',
    geom geometry(Geometry, 4490) not null
);
create index difference_run on difference (run_id);
create index difference_ground on difference using gist (geom);

-- What people make of a conflict or a difference: who says what, what is agreed, from when.
create table coordination_case (
    id uuid primary key default gen_random_uuid(),
    office_id integer not null references office,
    subject text not null check (subject in ('conflict', 'difference')),
    actor text not null,
    recorded_at timestamptz not null default statement_timestamp()
);

-- The ground of a case in one run; the next run's is the one that it shares most with (IoU of at least 0.5).
create table case_ground (
    id bigint generated always as identity primary key,
    case_id uuid not null references coordination_case,
    run_id uuid not null references run,
    conflict_id bigint references conflict,
    difference_id bigint references difference,
    iou double precision check (iou between 0 and 1),
    recorded_at timestamptz not null default statement_timestamp(),
    check (conflict_id is null or difference_id is null)
);
create index case_ground_case on case_ground (case_id);
create index case_ground_conflict on case_ground (conflict_id);
create index case_ground_difference on case_ground (difference_id);

create table case_entry (
    id bigint generated always as identity primary key,
    case_id uuid not null references coordination_case,
    office_id integer not null references office,
    actor text not null,
    role text not null,
    field text not null check (field in ('reason', 'coordination', 'opinion', 'effective_from', 'status')),
    value jsonb not null,
    recorded_at timestamptz not null default statement_timestamp()
);
create index case_entry_case on case_entry (case_id);

do $$
declare
    name text;
begin
    foreach name in array array['feature_end', 'rule_set', 'run', 'conflict', 'conflict_end', 'difference',
                                'coordination_case', 'case_ground', 'case_entry'] loop
        execute format('create trigger refuse_change before update or delete on %I for each row execute function refuse_change()', name);
        execute format('create trigger refuse_truncate before truncate on %I for each statement execute function refuse_change()', name);
    end loop;
end
$$;

-- what somebody took out of the register so far
create index event_exported on event (office_id, actor) where kind = 'package_exported';
