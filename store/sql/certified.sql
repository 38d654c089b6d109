-- Which buildings entered a stage with a certificate of some numbers? On a day, as known at a time; the newest entry first.
select n.name as asked, s.stage, s.certificate, s.occurred_on, cast(s.building_id as text) as building_id
from unnest(cast(:names as text[])) as n (name)
join stage_entry s on certificate_key(s.certificate) = certificate_key(n.name)
join building b on b.id = s.building_id
where s.recorded_at <= cast(:known_at as timestamptz) and s.occurred_on <= cast(:as_of as date)
  and coalesce(s.withdrawn_at > cast(:known_at as timestamptz), true)
order by n.name, b.code, s.occurred_on desc, s.id desc
