-- Reviews, the newest first: those of one office or of all, those that wait or all.
select cast(r.id as text) as id, r.relation, r.confidence, r.actor, r.recorded_at, cast(r.upload_id as text) as upload_id, r.request,
       o.id as office_id, o.name_zh, o.name_en, u.report ->> 'file' as file,
       (select count(*) from review_row w where w.review_id = r.id) as rows,
       array(select b.code from review_building k join building b on b.id = k.building_id where k.review_id = r.id order by b.code)
           as buildings,
       d.decision
from review r
join office o on o.id = r.office_id
left join upload u on u.id = r.upload_id
left join review_decision d on d.review_id = r.id
where (cast(:office_id as integer) is null or r.office_id = :office_id)
  and (not cast(:is_open as boolean) or d.review_id is null)
  and (cast(:upload_id as uuid) is null or r.upload_id = cast(:upload_id as uuid))
  and (cast(:after as uuid) is null or exists (
         select from review l
         where l.id = cast(:after as uuid)
           and (r.recorded_at < l.recorded_at or (r.recorded_at = l.recorded_at and r.id > l.id))))
order by r.recorded_at desc, r.id
limit :most
