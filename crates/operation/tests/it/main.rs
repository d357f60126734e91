//! Operation on real databases: backups that are restored, retention, the schedule, the doctor.

mod backups;
mod doctor;
mod restore;
mod sweep;
mod world;
