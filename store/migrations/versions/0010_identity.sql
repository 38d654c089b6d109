-- Who may come in, for how long and how far; and who was turned away.

-- A key may end by itself, and may reach no further than a division (two, four or six digits).
alter table api_key add column expires_at timestamptz;
alter table api_key add column division text check (division ~ '^([0-9]{2}){1,3}$');

-- A person of an office, as the identity provider names them.
create table member (
    id integer generated always as identity primary key,
    office_id integer not null references office,
    issuer text not null,
    subject text not null,
    role text not null check (role in ('surveyor', 'planner', 'registrar', 'auditor', 'admin')),
    label text not null,
    division text check (division ~ '^([0-9]{2}){1,3}$'),
    salt text not null default gen_random_uuid(),
    recorded_at timestamptz not null default now(),
    revoked_at timestamptz
);
-- one person has one office and one role at a time
create unique index member_subject on member (issuer, subject) where revoked_at is null;
create trigger close_only before update on member for each row execute function close_only('revoked_at');
create trigger refuse_delete before delete on member for each row execute function refuse_change();
create trigger refuse_truncate before truncate on member for each statement execute function refuse_change();

-- Refusals and restricted reads. The first of a minute stands at once; how often the same came again, when the minute is over.
create table audit (
    id bigint generated always as identity primary key,
    office_id integer references office,
    actor text,
    role text,
    action text,
    route text not null,
    outcome text not null check (outcome in ('unknown', 'forbidden', 'hidden', 'read')),
    reason text,
    place text,
    times integer not null default 1 check (times > 0),
    recorded_at timestamptz not null default statement_timestamp()
);
create index audit_office on audit (office_id, id);
create trigger refuse_change before update or delete on audit for each row execute function refuse_change();
create trigger refuse_truncate before truncate on audit for each statement execute function refuse_change();
