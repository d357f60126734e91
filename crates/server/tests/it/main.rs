//! Tests of the server as its users meet it: through sockets and through the command line.

mod audit;
mod binary;
mod chromium;
mod commands;
mod demo;
mod every_command;
mod examples;
mod flows;
mod front;
mod full_disk;
mod inbox;
mod keys;
mod malformed;
mod node_streams;
mod onboarding;
mod operation;
mod packaging;
mod pages;
mod payment_runs;
mod python_client;
mod reruns;
mod secrets;
mod stub;
mod support_agent;
mod workflow_files;
