//! Agents: what they say and are answered, as plain data and plain functions (agents contract).

pub mod activity;
pub mod agent;
pub mod days;
pub mod document_kind;
pub mod embedding;
pub mod envelope;
pub mod exchange;
pub mod guardrail;
pub mod message;
pub mod passages;
pub mod ranking;
pub mod whatsapp;
pub mod window;
pub mod words;
