-- What a tile tells of thousands of buildings, and what a count asks of all, stands in indexes: each row would be a page read.
create index building_told on building (id) include (code, office_id);

drop index footprint_current;
create unique index footprint_current on footprint (building_id) include (stage, valid_from) where replaced_at is null;
-- the cells of resolution 15 in their order: those of a coarser cell are one range
create index footprint_cell on footprint (h3) include (area_m2) where replaced_at is null;

-- in two: whether a day is only known to be no later is said among the attributes, which may be too long for an index
create index stage_entry_dated on stage_entry (building_id, id) include (stage, occurred_on)
    where withdrawn_at is null and not attributes @> '{"at_latest": true}';
create index stage_entry_at_latest on stage_entry (building_id, id) include (stage, occurred_on)
    where withdrawn_at is null and attributes @> '{"at_latest": true}';
