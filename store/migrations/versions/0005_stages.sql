-- The stage that a building entered last by a day, as known at a time ('infinity': now), of stages in their order; no row where
-- it entered none. An entry whose day is only known to be no later comes before whatever was entered after it.
create function stage_entered_last(building uuid, stages text[], as_of date, known_at timestamptz)
returns table (stage text) language sql stable parallel safe rows 1 as $$
    select e.stage
    from stage_entry e
    where e.building_id = building and e.recorded_at <= known_at and e.occurred_on <= as_of
      and coalesce(e.withdrawn_at > known_at, true)
    order by e.attributes @> '{"at_latest": true}' and e.id < max(e.id) over (), e.occurred_on desc,
             array_position(stages, e.stage) desc, e.id desc
    limit 1
$$;

-- A certificate's number as numbers are compared: in plain characters and capitals, without blanks, its brackets all round.
create function certificate_key(number text) returns text language sql immutable strict parallel safe as $$
    select translate(regexp_replace(upper(normalize(number, nfkc)), '\s', '', 'g'), '〔〕[]【】', '()()()')
$$;
create index stage_entry_certificate on stage_entry (certificate_key(certificate)) where certificate is not null;
