//! Tests of the server as its users meet it: through sockets and through the command line.

mod binary;
mod commands;
mod flows;
mod front;
mod malformed;
