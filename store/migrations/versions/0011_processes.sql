-- A job may be a process that somebody has done without waiting for it (OGC API – Processes).
alter table job drop constraint job_kind_check;
alter table job add constraint job_kind_check check (kind in ('upload', 'process'));
