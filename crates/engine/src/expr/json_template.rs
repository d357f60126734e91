//! JSON values with placeholders in their texts.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::env::{Env, Names};
use super::error::{EvalError, ParseError};
use super::limits::VALUE_DEPTH_MAX;
use super::measure::Measure;
use super::profile::Profile;
use super::template::Template;

/// A JSON value with templates in its texts at any depth, parsed once. Keys are never templates. Cheap to clone.
#[derive(Debug, Clone)]
pub struct JsonTemplate(Arc<Node>, Profile);

/// A [`ParseError`] with the JSON pointer of the text it is in (empty for the value itself).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error} in `{pointer}`")]
pub struct PlacedParseError {
    /// RFC 6901 pointer within the parsed value.
    pub pointer: String,
    /// What is wrong with the text there.
    #[source]
    pub error: ParseError,
}

#[derive(Debug)]
enum Node {
    Literal(Value),
    Template(Template),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl JsonTemplate {
    /// Parses every text inside a value.
    ///
    /// # Errors
    /// The first text that is not a template, or a value nested deeper than a result may be.
    pub fn parse(value: &Value) -> Result<Self, PlacedParseError> {
        Self::parse_in(Profile::Steps, value)
    }

    /// Parses every text inside a value of either language.
    ///
    /// # Errors
    /// As for [`Self::parse`].
    pub fn parse_in(profile: Profile, value: &Value) -> Result<Self, PlacedParseError> {
        let of_text = |text: &str| Template::parse_in(profile, text);
        parse(value, &of_text, &mut String::new(), 0).map(|node| Self(Arc::new(node), profile))
    }

    /// Parses the configuration of a node of a graph. The texts of the members named in `json_texts` feed fields that
    /// hold JSON, so their placeholders are written as JSON where they are part of such a text.
    ///
    /// # Errors
    /// As for [`Self::parse`].
    pub fn parse_fields(config: &Map<String, Value>, json_texts: &[&str]) -> Result<Self, PlacedParseError> {
        let mut members = Vec::with_capacity(config.len());
        for (key, member) in config {
            let is_json = json_texts.contains(&key.as_str()) && member.is_string();
            let of_text = |text: &str| Template::parse_graph(text, is_json);
            let mut pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            members.push((key.clone(), parse(member, &of_text, &mut pointer, 1)?));
        }
        Ok(Self(Arc::new(literal_object(members)), Profile::Graph))
    }

    /// Parses a text of a graph that feeds a field which holds JSON, or any other value.
    ///
    /// # Errors
    /// As for [`Self::parse`].
    pub fn parse_json_text(value: &Value) -> Result<Self, PlacedParseError> {
        let is_text = value.is_string();
        let of_text = |text: &str| Template::parse_graph(text, is_text);
        parse(value, &of_text, &mut String::new(), 0).map(|node| Self(Arc::new(node), Profile::Graph))
    }

    /// Whether there is no placeholder at all, so that the result never changes.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        matches!(*self.0, Node::Literal(_))
    }

    /// The value with every placeholder replaced. A text that is exactly one placeholder becomes a value of any type,
    /// null when missing.
    ///
    /// # Errors
    /// As for [`Template::render`]; the whole value is bounded like one result.
    pub fn render(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, EvalError> {
        Renderer { names, env, measure: Measure::new(self.1) }.render(&self.0, 0)
    }

    /// The members that placeholders of a graph read of a root name, each once: `NAME` for `env.NAME`.
    #[must_use]
    pub fn members<'s>(&'s self, root: &'s str) -> Vec<&'s str> {
        let mut found = Vec::new();
        collect(&self.0, &mut |template| found.extend(template.members(root)));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The names of the secrets that the placeholders of a flow of steps use, each once.
    ///
    /// # Errors
    /// The pointer of the first text with a use that is refused, and why.
    pub fn secrets(&self) -> Result<Vec<&str>, (String, &'static str)> {
        let mut found = Vec::new();
        collect_secrets(&self.0, &mut String::new(), &mut found)?;
        Ok(found)
    }

    /// The root names that the placeholders may read, each once, in order of appearance.
    #[must_use]
    pub fn roots(&self) -> Vec<&str> {
        let (mut roots, mut known) = (Vec::new(), HashSet::new());
        collect(&self.0, &mut |template| roots.extend(template.roots().into_iter().filter(|&name| known.insert(name))));
        roots
    }
}

fn parse(
    value: &Value,
    of_text: &dyn Fn(&str) -> Result<Template, ParseError>,
    pointer: &mut String,
    depth: usize,
) -> Result<Node, PlacedParseError> {
    if depth > VALUE_DEPTH_MAX {
        let error = ParseError::new(0, format!("the value is nested deeper than {VALUE_DEPTH_MAX} levels"));
        return Err(PlacedParseError { pointer: pointer.clone(), error });
    }
    let length = pointer.len();
    match value {
        Value::String(text) => {
            let template = of_text(text).map_err(|error| PlacedParseError { pointer: pointer.clone(), error })?;
            Ok(match template.literal_text() {
                Some(text) => Node::Literal(Value::String(text.to_owned())),
                None => Node::Template(template),
            })
        }
        Value::Array(items) => {
            let mut nodes = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                nodes.push(parse(item, of_text, pointer, depth + 1)?);
                pointer.truncate(length);
            }
            Ok(literal_array(nodes))
        }
        Value::Object(members) => {
            let mut nodes = Vec::with_capacity(members.len());
            for (key, member) in members {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                nodes.push((key.clone(), parse(member, of_text, pointer, depth + 1)?));
                pointer.truncate(length);
            }
            Ok(literal_object(nodes))
        }
        plain => Ok(Node::Literal(plain.clone())),
    }
}

/// An array of literals is one literal, copied at once when it is rendered.
fn literal_array(nodes: Vec<Node>) -> Node {
    if !nodes.iter().all(|node| matches!(node, Node::Literal(_))) {
        return Node::Array(nodes);
    }
    let literals =
        nodes.into_iter().filter_map(|node| if let Node::Literal(value) = node { Some(value) } else { None });
    Node::Literal(Value::Array(literals.collect()))
}

fn literal_object(nodes: Vec<(String, Node)>) -> Node {
    if !nodes.iter().all(|(_, node)| matches!(node, Node::Literal(_))) {
        return Node::Object(nodes);
    }
    let literals = nodes
        .into_iter()
        .filter_map(|(key, node)| if let Node::Literal(value) = node { Some((key, value)) } else { None });
    Node::Literal(Value::Object(literals.collect()))
}

struct Renderer<'n, 'e, 'u> {
    names: &'n dyn Names,
    env: &'e mut Env<'u>,
    measure: Measure,
}

impl Renderer<'_, '_, '_> {
    fn render(&mut self, node: &Node, depth: usize) -> Result<Value, EvalError> {
        match node {
            Node::Literal(value) => {
                self.measure.add(value, depth)?;
                Ok(value.clone())
            }
            Node::Template(template) => {
                let value = template.render(self.names, self.env)?;
                self.measure.add(&value, depth)?;
                Ok(value)
            }
            Node::Array(nodes) => nodes.iter().map(|node| self.render(node, depth + 1)).collect(),
            Node::Object(nodes) => {
                let mut members = Map::new();
                for (key, node) in nodes {
                    self.measure.add_bytes(key.len())?;
                    members.insert(key.clone(), self.render(node, depth + 1)?);
                }
                Ok(Value::Object(members))
            }
        }
    }
}

fn collect_secrets<'t>(
    node: &'t Node,
    pointer: &mut String,
    found: &mut Vec<&'t str>,
) -> Result<(), (String, &'static str)> {
    let length = pointer.len();
    match node {
        Node::Literal(_) => {}
        Node::Template(template) => {
            let names = template.secrets().map_err(|why| (pointer.clone(), why))?;
            for name in names {
                if !found.contains(&name) {
                    found.push(name);
                }
            }
        }
        Node::Array(nodes) => {
            for (at, node) in nodes.iter().enumerate() {
                pointer.push_str(&format!("/{at}"));
                collect_secrets(node, pointer, found)?;
                pointer.truncate(length);
            }
        }
        Node::Object(nodes) => {
            for (key, node) in nodes {
                pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")));
                collect_secrets(node, pointer, found)?;
                pointer.truncate(length);
            }
        }
    }
    Ok(())
}

fn collect<'t>(node: &'t Node, visit: &mut dyn FnMut(&'t Template)) {
    match node {
        Node::Literal(_) => {}
        Node::Template(template) => visit(template),
        Node::Array(nodes) => nodes.iter().for_each(|node| collect(node, visit)),
        Node::Object(nodes) => nodes.iter().for_each(|(_, node)| collect(node, visit)),
    }
}
