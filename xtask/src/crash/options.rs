//! What was asked for on the command line.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use crate::workspace::{Failure, Outcome};

const USAGE: &str = "usage: cargo xtask crash [--kills N] [--seed S] [--database sqlite|postgres|both] [--clients N] [--nodes N] [--treasury | --events | --agents | --workflows] [--keep]";
/// Kills on SQLite unless said otherwise.
const KILLS_SQLITE: u32 = 300;
/// Kills on PostgreSQL unless said otherwise: its starts are slower, and it is not PostgreSQL that is killed.
const KILLS_POSTGRES: u32 = 100;
/// Kills of nodes that share a database unless said otherwise: some of them are long halts.
const KILLS_NODES: u32 = 60;
/// Kills over payment runs on PostgreSQL unless said otherwise.
const KILLS_TREASURY_POSTGRES: u32 = 60;
/// Kills over events of apps unless said otherwise.
const KILLS_EVENTS: u32 = 100;
/// Kills over exchanges of agents unless said otherwise, on SQLite and on PostgreSQL.
const KILLS_AGENTS: (u32, u32) = (50, 20);
/// Kills over executions of workflows unless said otherwise, on SQLite and on PostgreSQL.
const KILLS_WORKFLOWS: (u32, u32) = (50, 20);
/// Nodes of the round that follows the others.
const NODES: usize = 3;
/// Nodes at most.
const NODES_MAX: usize = 8;
/// Requests in flight unless said otherwise.
const CLIENTS: usize = 24;
/// Requests in flight at most.
const CLIENTS_MAX: usize = 256;

/// Which database the server runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// The command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    kills: Option<u32>,
    pub(super) seed: u64,
    database: Option<Database>,
    /// Requests in flight.
    pub(super) clients: usize,
    /// Servers that share a PostgreSQL database; 1 is a server alone.
    pub(super) nodes: usize,
    /// Payment runs instead of flows.
    pub(super) treasury: bool,
    /// Events of apps instead of flows.
    pub(super) events: bool,
    /// Exchanges of agents instead of flows.
    pub(super) agents: bool,
    /// Executions of workflows instead of flows.
    pub(super) workflows: bool,
    /// Leave the folders behind.
    pub(super) keep: bool,
}

impl Options {
    /// Reads the arguments.
    ///
    /// # Errors
    /// The usage line for anything unknown.
    pub(super) fn parse(arguments: &[String]) -> Outcome<Self> {
        let seed = RandomState::new().hash_one("floe") >> 32;
        let mut options = Self {
            kills: None,
            seed,
            database: None,
            clients: CLIENTS,
            nodes: 1,
            treasury: false,
            events: false,
            agents: false,
            workflows: false,
            keep: false,
        };
        let mut words = arguments.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "--keep" => options.keep = true,
                "--treasury" => options.treasury = true,
                "--events" => options.events = true,
                "--agents" => options.agents = true,
                "--workflows" => options.workflows = true,
                "--kills" => options.kills = Some(number(words.next())?),
                "--seed" => options.seed = number(words.next())?,
                "--clients" => options.clients = number::<usize>(words.next())?.clamp(1, CLIENTS_MAX),
                "--nodes" => options.nodes = number::<usize>(words.next())?.clamp(1, NODES_MAX),
                "--database" => {
                    options.database = match words.next() {
                        Some("sqlite") => Some(Database::Sqlite),
                        Some("postgres") => Some(Database::Postgres),
                        Some("both") => None,
                        _ => return Err(Failure::new(USAGE)),
                    }
                }
                _ => return Err(Failure::new(USAGE)),
            }
        }
        let others = [options.treasury, options.events, options.agents, options.workflows];
        let others = others.into_iter().filter(|is_asked| *is_asked).count();
        if options.nodes > 1 && others > 0 {
            return Err(Failure::new("payment runs, events, exchanges and executions are proved on one node"));
        }
        if others > 1 {
            return Err(Failure::new(USAGE));
        }
        if options.nodes > 1 && options.database == Some(Database::Sqlite) {
            return Err(Failure::new("several nodes share a PostgreSQL database; SQLite has one"));
        }
        Ok(options)
    }

    /// The databases in the order in which they are proved.
    pub(super) fn databases(&self) -> Vec<Database> {
        if self.nodes > 1 {
            return vec![Database::Postgres];
        }
        self.database.map_or_else(|| vec![Database::Sqlite, Database::Postgres], |one| vec![one])
    }

    /// The rounds that follow when nothing special was asked for: payment runs, events of apps, exchanges of agents, executions
    /// of workflows, then several nodes.
    pub(super) fn then(&self) -> Vec<Self> {
        let is_other = self.treasury || self.events || self.agents || self.workflows;
        let is_plain = self.nodes == 1 && !is_other && self.database.is_none() && self.kills.is_none();
        if !is_plain {
            return Vec::new();
        }
        vec![
            Self { treasury: true, ..self.clone() },
            Self { events: true, ..self.clone() },
            Self { agents: true, ..self.clone() },
            Self { workflows: true, ..self.clone() },
            Self { nodes: NODES, ..self.clone() },
        ]
    }

    /// Whether the database was named, so that leaving it out is a failure.
    pub(super) fn insists(&self) -> bool {
        self.database.is_some()
    }

    /// Kills on a database.
    pub(super) fn kills(&self, database: Database) -> u32 {
        let usual = match database {
            _ if self.nodes > 1 => KILLS_NODES,
            _ if self.events => KILLS_EVENTS,
            Database::Sqlite if self.agents => KILLS_AGENTS.0,
            Database::Postgres if self.agents => KILLS_AGENTS.1,
            Database::Sqlite if self.workflows => KILLS_WORKFLOWS.0,
            Database::Postgres if self.workflows => KILLS_WORKFLOWS.1,
            Database::Sqlite => KILLS_SQLITE,
            Database::Postgres if self.treasury => KILLS_TREASURY_POSTGRES,
            Database::Postgres => KILLS_POSTGRES,
        };
        self.kills.unwrap_or(usual)
    }
}

fn number<T: std::str::FromStr>(word: Option<&str>) -> Outcome<T> {
    word.and_then(|word| word.parse().ok()).ok_or_else(|| Failure::new(USAGE))
}

#[cfg(test)]
mod tests {
    use super::{Database, Options};

    fn parse(line: &str) -> Option<Options> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn arguments_are_read() {
        let options = parse("--kills 7 --seed 3 --database sqlite --keep").expect("they are known");
        assert_eq!((options.kills(Database::Sqlite), options.seed, options.keep), (7, 3, true));
        assert_eq!(options.databases(), [Database::Sqlite]);
        assert_eq!(parse("").expect("nothing is needed").databases().len(), 2);
        let several = parse("--nodes 3").expect("it is known");
        assert_eq!((several.nodes, several.databases()), (3, vec![Database::Postgres]));
        let plain = parse("--seed 3").expect("it is known");
        let asked = |more: &Options| [more.treasury, more.events, more.agents, more.workflows, more.nodes == 3];
        let then: Vec<_> = plain.then().iter().map(asked).collect();
        let only = |wanted: usize| std::array::from_fn(|at| at == wanted);
        assert_eq!(then, [0, 1, 2, 3, 4].map(only));
        assert!(several.then().is_empty() && parse("--treasury").expect("it is known").then().is_empty());
        assert!(parse("--events").expect("it is known").then().is_empty());
        for wrong in [
            "--nodes 2 --treasury",
            "--nodes 2 --events",
            "--treasury --events",
            "--agents --events",
            "--workflows --agents",
            "--nodes 2 --workflows",
            "--nodes 2 --agents",
            "--nodes 2 --database sqlite",
            "--kills",
            "--kills x",
            "--database mysql",
            "nonsense",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
