//! What the engine knows of each step type: its fields, its result, and how it runs.
//!
//! A step type says once, as data, which fields it takes. The publish check, the editor's catalogue and the
//! documentation are all read from that list, so none of them can name something that does not run.

use std::collections::BTreeMap;

use crate::lang::graph::NodeTypes;

/// How a field is entered and what it may hold (Flow API contract, section 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of text; may hold templates.
    Text,
    /// Several lines of text; may hold templates.
    LongText,
    /// A number, or a template that gives one.
    Number,
    /// True or false, or a template that gives one.
    Boolean,
    /// One of `options`, or a template that gives one.
    Select,
    /// An RFC 3339 instant, or a template that gives one.
    Date,
    /// Any JSON; texts in it may hold templates.
    Json,
    /// A list of `{key,value}`, an object, or a JSON text that yields an object.
    KeyValue,
    /// Program text; never a template.
    Code,
    /// An expression without braces.
    Expression,
    /// The id of another step.
    StepRef,
    /// A list of steps.
    Steps,
}

impl FieldKind {
    /// The word used in the editor's catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::LongText => "long-text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Select => "select",
            Self::Date => "date",
            Self::Json => "json",
            Self::KeyValue => "key-value",
            Self::Code => "code",
            Self::Expression => "expression",
            Self::StepRef => "step-ref",
            Self::Steps => "steps",
        }
    }
}

/// Where the choices of a field come from that the server is asked for (Flow API contract, section 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choices {
    /// Language models.
    Models,
    /// Agents.
    Agents,
    /// Flows that the author may see.
    Flows,
    /// Published versions of the flow that the step's `flowId` names.
    FlowVersions,
    /// Tools.
    Tools,
    /// What the tool that the step's `toolId` names can be asked.
    ToolActions,
    /// Knowledge bases.
    KnowledgeBases,
    /// Steps of the definition.
    Steps,
    /// Names in the context.
    ContextNames,
    /// Names of secrets, as templates.
    Secrets,
}

/// One field of a step's `data`.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Key in `data`.
    pub key: &'static str,
    /// Shown name.
    pub label: &'static str,
    /// What it may hold.
    pub kind: FieldKind,
    /// Whether publish refuses a step without it.
    pub required: bool,
    /// Allowed words of a [`FieldKind::Select`].
    pub options: &'static [&'static str],
    /// Smallest and largest value of a [`FieldKind::Number`].
    pub range: Option<(f64, f64)>,
    /// The default as JSON text, for the editor.
    pub default: Option<&'static str>,
    /// One sentence for the author of a flow.
    pub description: &'static str,
    /// Where its choices come from, if the server is asked for them.
    pub choices: Option<Choices>,
}

impl Field {
    /// An optional field.
    #[must_use]
    pub const fn new(key: &'static str, label: &'static str, kind: FieldKind, description: &'static str) -> Self {
        Self { key, label, kind, required: false, options: &[], range: None, default: None, description, choices: None }
    }

    /// The same field, required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same field with its allowed words.
    #[must_use]
    pub const fn options(mut self, options: &'static [&'static str]) -> Self {
        self.options = options;
        self
    }

    /// The same field with its smallest and largest value.
    #[must_use]
    pub const fn range(mut self, min: f64, max: f64) -> Self {
        self.range = Some((min, max));
        self
    }

    /// The same field with choices that the server is asked for.
    #[must_use]
    pub const fn choices(mut self, choices: Choices) -> Self {
        self.choices = Some(choices);
        self
    }

    /// The same field with its default, as JSON text.
    #[must_use]
    pub const fn default(mut self, json: &'static str) -> Self {
        self.default = Some(json);
        self
    }
}

/// How a step type runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Execution {
    /// The machine itself does it: branching, loops, variables, waits.
    Builtin,
    /// Something outside the machine does it.
    Effect(EffectSpec),
}

/// What the engine must know of an effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectSpec {
    /// Whether it can be seen by the world. If so its intent is on disk before it is made.
    pub touches_world: bool,
    /// Time for one attempt, unless the step says otherwise, in milliseconds.
    pub timeout_ms: u64,
    /// Most that a step may ask for, in milliseconds.
    pub timeout_ms_max: u64,
}

/// A step type.
#[derive(Debug, Clone, Copy)]
pub struct StepSpec {
    /// The word in a step's `type`.
    pub key: &'static str,
    /// Other words for the same type.
    pub aliases: &'static [&'static str],
    /// Shown name.
    pub name: &'static str,
    /// Group in the editor.
    pub category: &'static str,
    /// One or two sentences for the author of a flow.
    pub description: &'static str,
    /// Fields of `data`.
    pub fields: &'static [Field],
    /// Keys of the result with what they hold.
    pub outputs: &'static [(&'static str, &'static str)],
    /// Whether the run can pause in it.
    pub waits: bool,
    /// How it runs.
    pub execution: Execution,
}

impl StepSpec {
    /// The field of that key.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.key == key)
    }
}

/// The step types that this server runs. A type that is not in it is refused at publish.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    steps: BTreeMap<&'static str, &'static StepSpec>,
    aliases: BTreeMap<&'static str, &'static str>,
    nodes: NodeTypes,
}

impl Catalog {
    /// A catalogue that holds the types which the machine itself carries out.
    #[must_use]
    pub fn builtin() -> Self {
        let mut catalog = Self::default();
        for spec in crate::builtin::ALL {
            catalog.add(spec);
        }
        catalog
    }

    /// Adds a step type.
    ///
    /// # Panics
    /// When the key or an alias is taken: two types under one word are a mistake of the registry.
    pub fn add(&mut self, spec: &'static StepSpec) {
        for alias in spec.aliases {
            assert!(self.aliases.insert(alias, spec.key).is_none(), "alias {alias} is taken");
        }
        assert!(self.steps.insert(spec.key, spec).is_none(), "step type {} is taken", spec.key);
    }

    /// Adds what carries out a node type of the graph language. It is no step type: neither publish nor the editor of flows
    /// knows it.
    pub fn add_node(&mut self, spec: &StepSpec) {
        self.nodes.add_effect(spec);
    }

    /// The node types of the graph language.
    #[must_use]
    pub fn nodes(&self) -> &NodeTypes {
        &self.nodes
    }

    /// The same, to be added to.
    pub fn nodes_mut(&mut self) -> &mut NodeTypes {
        &mut self.nodes
    }

    /// The step type under a key or alias.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'static StepSpec> {
        let key = self.aliases.get(key).copied().unwrap_or(key);
        self.steps.get(key).copied()
    }

    /// Every step type, by key.
    pub fn steps(&self) -> impl Iterator<Item = &'static StepSpec> {
        self.steps.values().copied()
    }
}
