-- Where has what the register shows changed since an event?
-- The newest event, and the boxes of the buildings that the events since are about, as they stand and stood; `is_known` is false where that event is none of the ledger's, or too long ago.
with head as (
    select seq, leaf_hash from event order by seq desc limit 1
), since as (
    select e.building_id from event e where e.seq > :seq and e.building_id is not null order by e.seq limit :most
)
select
    coalesce(head.seq, -1) as seq, coalesce(head.leaf_hash, '') as leaf_hash,
    coalesce(head.seq, -1) - :seq < :most
        and (:seq < 0 or exists (select from event e where e.seq = :seq and e.leaf_hash = :leaf_hash)) as is_known,
    box.west, box.south, box.east, box.north
from (values (1)) as always
left join head on true
left join (
    select ST_XMin(f.geom) as west, ST_YMin(f.geom) as south, ST_XMax(f.geom) as east, ST_YMax(f.geom) as north
    from (select distinct building_id from since) as changed
    join footprint f on f.building_id = changed.building_id
) as box on true
