//! JSON values with placeholders in their texts.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::env::{Env, Names};
use super::error::{EvalError, ParseError};
use super::limits::VALUE_DEPTH_MAX;
use super::measure::Measure;
use super::template::Template;

/// A JSON value with templates in its texts at any depth, parsed once. Keys are never templates. Cheap to clone.
#[derive(Debug, Clone)]
pub struct JsonTemplate(Arc<Node>);

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
        parse(value, &mut String::new(), 0).map(|node| Self(Arc::new(node)))
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
        Renderer { names, env, measure: Measure::default() }.render(&self.0, 0)
    }

    /// The names of the secrets that the placeholders use, each once.
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
        let mut roots = Vec::new();
        collect_roots(&self.0, &mut roots);
        roots
    }
}

fn parse(value: &Value, pointer: &mut String, depth: usize) -> Result<Node, PlacedParseError> {
    if depth > VALUE_DEPTH_MAX {
        let error = ParseError::new(0, format!("the value is nested deeper than {VALUE_DEPTH_MAX} levels"));
        return Err(PlacedParseError { pointer: pointer.clone(), error });
    }
    let length = pointer.len();
    match value {
        Value::String(text) => {
            let template =
                Template::parse(text).map_err(|error| PlacedParseError { pointer: pointer.clone(), error })?;
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
                nodes.push(parse(item, pointer, depth + 1)?);
                pointer.truncate(length);
            }
            Ok(literal_array(nodes))
        }
        Value::Object(members) => {
            let mut nodes = Vec::with_capacity(members.len());
            for (key, member) in members {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                nodes.push((key.clone(), parse(member, pointer, depth + 1)?));
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

fn collect_roots<'t>(node: &'t Node, roots: &mut Vec<&'t str>) {
    match node {
        Node::Literal(_) => {}
        Node::Template(template) => {
            for name in template.roots() {
                if !roots.contains(&name) {
                    roots.push(name);
                }
            }
        }
        Node::Array(nodes) => nodes.iter().for_each(|node| collect_roots(node, roots)),
        Node::Object(nodes) => nodes.iter().for_each(|(_, node)| collect_roots(node, roots)),
    }
}
