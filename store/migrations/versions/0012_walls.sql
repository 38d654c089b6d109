-- Who sees which offices' rows, each transaction says (store/walls.py): all, the numbers of some, or nothing at all, and then sees
-- nothing. Asked in a subselect, it is asked once for a statement. There is no policy where rows come by COPY, which PostgreSQL
-- refuses then, or where the ground is asked, for no GiST index could answer.

create function sees_all() returns boolean language sql stable parallel safe as $$
    select current_setting('luotu.offices', true) is not distinct from 'all'
$$;

create function offices_seen() returns integer[] language sql stable parallel safe as $$
    select cast(string_to_array(nullif(current_setting('luotu.offices', true), 'all'), ',') as integer[])
$$;

-- what is an office's own
do $$
declare
    name text;
begin
    foreach name in array array[
        'api_key', 'audit', 'idempotency', 'job', 'job_event', 'layer_mapping', 'member', 'review', 'subscription', 'upload', 'upload_account'
    ] loop
        execute format(
            'create policy wall on %I using ((select sees_all()) or office_id = any (cast((select offices_seen()) as integer[])))', name);
    end loop;
    -- of a review, its decision too, which another office made
    foreach name in array array['review_row', 'review_building', 'review_decision'] loop
        execute format('create policy wall on %I using ((select sees_all()) or exists (select from review where id = review_id))', name);
    end loop;
end
$$;

create policy wall on outbox using ((select sees_all()) or exists (select from subscription where id = subscription_id));

-- what another office attached to one's own building or project is one's own to read as well
create policy wall on attachment using (
    (select sees_all())
    or office_id = any (cast((select offices_seen()) as integer[]))
    or exists (
        select from building where id = building_id and building.office_id = any (cast((select offices_seen()) as integer[]))
    )
    or exists (
        select from project where id = project_id and project.office_id = any (cast((select offices_seen()) as integer[]))
    )
);
create index attachment_document on attachment (document_id);
create policy wall on document using (
    (select sees_all())
    or office_id = any (cast((select offices_seen()) as integer[]))
    or exists (select from attachment where document_id = document.id)
);

-- of the owner's statements too: many an installation has one role for everything
do $$
declare
    walled text;
begin
    for walled in select polrelid::regclass from pg_policy where polname = 'wall' loop
        execute format('alter table %s enable row level security', walled);
        execute format('alter table %s force row level security', walled);
    end loop;
end
$$;

-- what judges for all, whoever asks
alter function names_are_known() set luotu.offices = 'all';
alter function owe_events() set luotu.offices = 'all';
