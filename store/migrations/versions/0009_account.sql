-- What is told of an upload as a whole once all its parts are written: its rows name it before that, so it stands by itself.
-- Uploads of before told it in their report.
create table upload_account (
    upload_id uuid primary key references upload,
    office_id integer not null references office,
    told jsonb not null,
    recorded_at timestamptz not null default now()
);
create trigger refuse_change before update or delete on upload_account for each row execute function refuse_change();
create trigger refuse_truncate before truncate on upload_account for each statement execute function refuse_change();
