//! `templateOutput`: a part of the run's output, made from a template with blocks (Workflow API contract, section 18).
//!
//! `{{#each x}}…{{/each}}`, `{{#if x}}…{{else}}…{{/if}}` and `{{#unless x}}…{{/unless}}` nest. Inside `each`, `this` is the
//! element, `@index`, `@first`, `@last` and, for objects, `@key` are about it, and the members of an object are names. A
//! block that is not closed reaches to the end.

use serde_json::{Map, Value};

use super::config::{self, NodeProblem, Parsed, failed, wrong};
use super::{Computed, convert};
use crate::event::StepError;
use crate::expr::limits::RESULT_BYTES_MAX;
use crate::expr::{Env, Expression, JsonTemplate, Names, Overlay, Profile, Template};

/// Name of an output that has none.
const NAME: &str = "output";
/// Blocks within blocks at most.
const DEPTH_MAX: usize = 16;
/// Passes of all `each` of one output at most.
const PASSES_MAX: usize = 100_000;

/// A template with blocks.
#[derive(Debug)]
pub struct TemplateOutput {
    name: Template,
    body: Vec<Block>,
    variables: Option<JsonTemplate>,
    html: bool,
}

#[derive(Debug)]
enum Block {
    Text(Template),
    Each { source: Expression, body: Vec<Block> },
    Choice { condition: Expression, then: Vec<Block>, otherwise: Vec<Block> },
}

impl TemplateOutput {
    pub(super) fn parse(config: &Map<String, Value>) -> Result<Self, Vec<NodeProblem>> {
        let Some(template) = config::first(config, &["template"]) else {
            return Err(vec![NodeProblem::missing("template")]);
        };
        let name = config::text(config, &["outputName", "outputVariable"]).unwrap_or(NAME);
        let html = match config::text(config, &["outputFormat", "templateType"]) {
            None | Some("markdown" | "handlebars" | "text") => false,
            Some("html") => true,
            Some(other) => {
                return Err(vec![NodeProblem::invalid(
                    "outputFormat",
                    format!("`{other}` is no format of a template"),
                )]);
            }
        };
        let text = convert::text(template);
        let mut reader = Reader { text: &text, at: 0, depth: 0 };
        let (body, _) = reader.blocks()?;
        let variables = config::first(config, &["variables"]);
        let variables = variables.map(|value| config::json("variables", value)).transpose()?;
        Ok(Self { name: config::template("outputName", &Value::from(name))?, body, variables, html })
    }

    pub(super) fn sources(&self) -> Vec<Parsed<'_>> {
        let mut sources = vec![Parsed::Template(&self.name)];
        sources.extend(self.variables.iter().map(Parsed::Json));
        collect(&self.body, &mut sources);
        sources
    }

    pub(super) fn run(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<Computed, StepError> {
        let name = self.name.render_text(names, env).map_err(failed)?;
        let locals = match &self.variables {
            None => Map::new(),
            Some(variables) => match variables.render(names, env).map_err(failed)? {
                Value::Object(members) => members,
                _ => Map::new(),
            },
        };
        let mut writer = Writer { text: String::new(), passes: 0 };
        writer.blocks(&self.body, &Overlay { names, locals: &locals }, env)?;
        let text = if self.html { as_html(writer.text) } else { writer.text };
        Ok(Computed::named(&name, Value::String(text)))
    }
}

fn collect<'b>(blocks: &'b [Block], sources: &mut Vec<Parsed<'b>>) {
    for block in blocks {
        match block {
            Block::Text(template) => sources.push(Parsed::Template(template)),
            Block::Each { source, body } => {
                sources.push(Parsed::Expression(source));
                collect(body, sources);
            }
            Block::Choice { condition, then, otherwise } => {
                sources.push(Parsed::Expression(condition));
                collect(then, sources);
                collect(otherwise, sources);
            }
        }
    }
}

/// Markdown as HTML; a text that already is HTML as it is.
fn as_html(text: String) -> String {
    if text.trim_start().starts_with('<') {
        return text;
    }
    let options = pulldown_cmark::Options::ENABLE_TABLES | pulldown_cmark::Options::ENABLE_STRIKETHROUGH;
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new_ext(&text, options));
    html.truncate(html.trim_end().len());
    html
}

/// Reads blocks.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

/// What ended a list of blocks.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Text,
    Else,
    Closed,
}

impl Reader<'_> {
    fn blocks(&mut self) -> Result<(Vec<Block>, End), Vec<NodeProblem>> {
        let mut blocks = Vec::new();
        let mut plain = self.at;
        let mut from = self.at;
        while let Some(found) = self.text[from..].find("{{") {
            let open = from + found;
            let Some(length) = self.text[open..].find("}}") else { break };
            let (inner, after) = (self.text[open + 2..open + length].trim(), open + length + 2);
            let word = inner.split_whitespace().next().unwrap_or_default();
            let argument = inner[word.len()..].trim();
            if !matches!(word, "#each" | "#if" | "#unless" | "else" | "/each" | "/if" | "/unless") {
                from = after;
                continue;
            }
            blocks.extend(self.plain(plain, open)?);
            self.at = after;
            match word {
                "else" if self.depth > 0 => return Ok((blocks, End::Else)),
                "/each" | "/if" | "/unless" if self.depth > 0 => return Ok((blocks, End::Closed)),
                "#each" | "#if" | "#unless" => blocks.push(self.block(word, argument)?),
                // One that closes nothing stands for nothing.
                _ => {}
            }
            (plain, from) = (self.at, self.at);
        }
        blocks.extend(self.plain(plain, self.text.len())?);
        self.at = self.text.len();
        Ok((blocks, End::Text))
    }

    fn plain(&self, from: usize, to: usize) -> Result<Option<Block>, Vec<NodeProblem>> {
        if from == to {
            return Ok(None);
        }
        let template = Template::parse_in(Profile::Graph, &self.text[from..to]);
        template.map(|template| Some(Block::Text(template))).map_err(|error| config::unparsed("template", &error))
    }

    fn block(&mut self, word: &str, argument: &str) -> Result<Block, Vec<NodeProblem>> {
        if self.depth == DEPTH_MAX {
            let why = format!("blocks are nested deeper than {DEPTH_MAX} levels");
            return Err(vec![NodeProblem::invalid("template", why)]);
        }
        let argument =
            Expression::parse_in(Profile::Graph, argument).map_err(|error| config::unparsed("template", &error))?;
        self.depth += 1;
        let (first, end) = self.blocks()?;
        let second = if end == End::Else { self.blocks()?.0 } else { Vec::new() };
        self.depth -= 1;
        Ok(match word {
            "#each" => Block::Each { source: argument, body: first },
            "#if" => Block::Choice { condition: argument, then: first, otherwise: second },
            _ => Block::Choice { condition: argument, then: second, otherwise: first },
        })
    }
}

/// Writes blocks.
struct Writer {
    text: String,
    passes: usize,
}

impl Writer {
    fn blocks(&mut self, blocks: &[Block], names: &dyn Names, env: &mut Env<'_>) -> Result<(), StepError> {
        blocks.iter().try_for_each(|block| self.block(block, names, env))
    }

    fn block(&mut self, block: &Block, names: &dyn Names, env: &mut Env<'_>) -> Result<(), StepError> {
        match block {
            Block::Text(template) => {
                let text = template.render_text(names, env).map_err(failed)?;
                if self.text.len() + text.len() > RESULT_BYTES_MAX {
                    return Err(wrong(format!("The text is larger than {RESULT_BYTES_MAX} bytes")));
                }
                self.text.push_str(&text);
                Ok(())
            }
            Block::Choice { condition, then, otherwise } => {
                let value = condition.evaluate(names, env).map_err(failed)?;
                // As in the templates that this notation comes from, an empty list is no reason to write about it.
                let holds = convert::is_truthy(&value) && value.as_array().is_none_or(|items| !items.is_empty());
                self.blocks(if holds { then } else { otherwise }, names, env)
            }
            Block::Each { source, body } => {
                let value = source.evaluate(names, env).map_err(failed)?;
                let value = match value {
                    Value::String(text) => convert::composite_in(&text).unwrap_or_default(),
                    other => other,
                };
                let members: Vec<(Option<String>, Value)> = match value {
                    Value::Array(items) => items.into_iter().map(|item| (None, item)).collect(),
                    Value::Object(members) => members.into_iter().map(|(key, member)| (Some(key), member)).collect(),
                    _ => Vec::new(),
                };
                let count = members.len();
                for (index, (key, item)) in members.into_iter().enumerate() {
                    self.passes += 1;
                    if self.passes > PASSES_MAX {
                        return Err(wrong(format!("The template repeats its blocks more than {PASSES_MAX} times")));
                    }
                    let locals = locals(item, key, index, count);
                    self.blocks(body, &Overlay { names, locals: &locals }, env)?;
                }
                Ok(())
            }
        }
    }
}

/// What an element brings along.
fn locals(item: Value, key: Option<String>, index: usize, count: usize) -> Map<String, Value> {
    let mut locals = item.as_object().cloned().unwrap_or_default();
    locals.insert("this".to_owned(), item);
    locals.insert("@index".to_owned(), Value::from(index));
    locals.insert("@first".to_owned(), Value::from(index == 0));
    locals.insert("@last".to_owned(), Value::from(index + 1 == count));
    if let Some(key) = key {
        locals.insert("@key".to_owned(), Value::from(key));
    }
    locals
}
