//! The table of node types: what the graph language knows of each (Workflow API contract, sections 17 to 19).
//!
//! A type says once, as data, which fields it takes, what its record is to the rest of a run, and how it runs. Validation,
//! lowering and the editor's catalogue are all read from it.

mod ai;
mod ends;
mod logic;
mod media;
mod tools;

use std::collections::{BTreeMap, BTreeSet};

use super::providers;
use crate::catalog::{EffectSpec, Execution, Field, StepSpec};
use crate::plan::Callee;

/// What a type has in common with others in retries and time-outs (section 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Asks a model: three attempts, ten minutes.
    Ai,
    /// Reads the web: three attempts, two minutes.
    Web,
    /// One attempt, two minutes.
    Other,
    /// One attempt, ten minutes.
    Code,
}

/// How a type runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// The machine computes it.
    Compute,
    /// An effect of that key.
    Effect {
        /// Key of the effect.
        key: &'static str,
        /// Whether it can be seen by the world, unless the effect itself says otherwise.
        touches_world: bool,
        /// Whether it asks for something that a minimal server has not: it fails with `NOT_CONFIGURED` there.
        optional: bool,
    },
    /// Passes of a body.
    Loop,
    /// A pause.
    Wait,
    /// A question to a person.
    Review,
    /// Another workflow, or something else that runs by its own rules.
    Child(Callee),
}

/// What `outputVariable` receives of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gets {
    /// All of it.
    Whole,
    /// One member.
    Member(&'static str),
    /// The member that the node names itself: `outputName`, `inputName`.
    Named,
}

/// A node type.
#[derive(Debug, Clone, Copy)]
pub struct NodeType {
    /// The word in a node's `type`.
    pub key: &'static str,
    /// Other words for the same type.
    pub aliases: &'static [&'static str],
    /// Shown name.
    pub name: &'static str,
    /// Group in the editor.
    pub category: &'static str,
    /// One or two sentences for the author of a workflow.
    pub description: &'static str,
    /// Fields of `config` in their canonical names.
    pub fields: &'static [Field],
    /// Keys of the record with what they hold.
    pub outputs: &'static [(&'static str, &'static str)],
    /// What `outputVariable` receives.
    pub gets: Gets,
    /// Retries and time-outs.
    pub family: Family,
    /// How it runs.
    pub runs: Runs,
    /// Handles of its edges when it chooses among them; words in angle brackets stand for values of the config.
    pub handles: &'static [&'static str],
    /// Fields whose text is JSON with placeholders (section 15).
    pub json_texts: &'static [&'static str],
}

impl NodeType {
    /// What all types begin with.
    const PLAIN: Self = Self {
        key: "",
        aliases: &[],
        name: "",
        category: "",
        description: "",
        fields: &[],
        outputs: &[],
        gets: Gets::Whole,
        family: Family::Other,
        runs: Runs::Compute,
        handles: &[],
        json_texts: &[],
    };

    /// The field of that key.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// Whether the node chooses among its edges.
    #[must_use]
    pub const fn chooses(&self) -> bool {
        matches!(self.key.as_bytes(), b"conditional" | b"switch" | b"router")
    }
}

/// An effect that a minimal server may lack.
const fn optional(key: &'static str) -> Runs {
    Runs::Effect { key, touches_world: true, optional: true }
}

/// An effect that others can see.
const fn outside(key: &'static str) -> Runs {
    Runs::Effect { key, touches_world: true, optional: false }
}

/// An effect that nobody sees.
const fn inside(key: &'static str) -> Runs {
    Runs::Effect { key, touches_world: false, optional: false }
}

/// Every node type, in the order of the editor.
pub static ALL: [&[NodeType]; 5] = [ends::TYPES, logic::TYPES, ai::TYPES, tools::TYPES, media::TYPES];

/// Type words that stand for a loop of a kind.
pub(super) const LOOP_WORDS: [(&str, &str); 3] = [("forEach", "forEach"), ("while", "while"), ("repeat", "count")];

/// Types that are dropped with their edges (section 13).
pub(super) const NOTES: [&str; 5] = ["comment", "note", "annotation", "label", "group"];

/// The node types of a server: the table, the providers it knows, and the effects that it has.
#[derive(Debug, Clone)]
pub struct NodeTypes {
    words: BTreeMap<&'static str, &'static NodeType>,
    providers: BTreeSet<String>,
    effects: BTreeMap<&'static str, EffectSpec>,
    on: BTreeSet<&'static str>,
}

impl Default for NodeTypes {
    fn default() -> Self {
        let mut words = BTreeMap::new();
        for one in Self::all() {
            for word in one.aliases.iter().chain([&one.key]) {
                words.insert(*word, one);
            }
        }
        let providers = providers::KNOWN.iter().map(|&id| id.to_owned()).collect();
        Self { words, providers, effects: BTreeMap::new(), on: BTreeSet::new() }
    }
}

impl NodeTypes {
    /// Every type, in the order of the editor.
    pub fn all() -> impl Iterator<Item = &'static NodeType> {
        ALL.iter().flat_map(|group| group.iter())
    }

    /// The type of a word: its key or an alias.
    #[must_use]
    pub fn get(&self, word: &str) -> Option<&'static NodeType> {
        self.words.get(word).copied()
    }

    /// Whether that is the id of a provider of integrations, in any spelling of its case, `_` and `-`.
    #[must_use]
    pub fn knows_provider(&self, id: &str) -> bool {
        self.providers.contains(id) || self.providers.contains(&id.to_lowercase().replace('_', "-"))
    }

    /// Adds the id of a provider.
    pub fn add_provider(&mut self, id: &str) {
        self.providers.insert(id.to_owned());
    }

    /// Adds what an effect says of itself.
    pub(crate) fn add_effect(&mut self, spec: &StepSpec) {
        if let Execution::Effect(effect) = spec.execution {
            self.effects.insert(spec.key, effect);
        }
    }

    /// Says that the server is set up for the effect of that key, which a minimal one is not.
    pub fn turn_on(&mut self, key: &'static str) {
        self.on.insert(key);
    }

    /// Whether the server was said to be set up for the effect of that key.
    #[must_use]
    pub fn is_on(&self, key: &str) -> bool {
        self.on.contains(key)
    }

    /// What the effect of that key says of itself, where it is there.
    #[must_use]
    pub fn effect(&self, key: &str) -> Option<EffectSpec> {
        self.effects.get(key).copied()
    }
}
