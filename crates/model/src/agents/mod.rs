//! Agents: what they say and are answered, as plain data and plain functions (agents contract).

pub mod embedding;
pub mod envelope;
pub mod exchange;
pub mod guardrail;
pub mod message;
pub mod words;
