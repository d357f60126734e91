//! The surfaces through the real router, on SQLite and on PostgreSQL (`FLOE_TEST_POSTGRES_URL`).
#![allow(unreachable_pub, reason = "the modules of a test binary have no outside")]

mod accounts;
mod app;
mod audit;
mod browser;
mod conform;
mod connections;
mod documents;
mod echo;
mod flows;
mod flows_runs;
mod hooks;
mod json;
mod keys;
mod members;
mod operation;
mod pages;
mod plumbing;
mod records;
mod repeats;
mod setup;
mod sharing;
mod sign_in;
mod tokens;
mod treasury_base;
mod treasury_files;
mod treasury_money;
mod treasury_runs;
mod variables;
mod walk;
mod webhooks;
