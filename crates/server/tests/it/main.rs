//! Tests of the server as its users meet it: through sockets and through the command line.

mod binary;
mod commands;
mod demo;
mod examples;
mod flows;
mod front;
mod inbox;
mod keys;
mod malformed;
mod stub;
