//! Shapes as JSON Schema 2020-12, and what operations share.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operation::{add_content, header};
use crate::http::shape::{Field, Kind, Object, Role, Shape};
use crate::http::{Param, Surface};

/// What is written once and referred to.
#[derive(Default)]
pub(super) struct Components {
    schemas: BTreeMap<&'static str, Value>,
    headers: BTreeMap<&'static str, Value>,
    refusals: BTreeMap<String, Value>,
}

impl Components {
    /// A schema for a shape; objects with a name are noted here and referred to.
    pub(super) fn schema(&mut self, shape: &Shape) -> Value {
        let schema = self.kind(&shape.kind);
        if shape.null { or_null(schema) } else { schema }
    }

    /// A parameter, written where it stands.
    pub(super) fn parameter(&mut self, place: &str, required: bool, param: &Param) -> Value {
        let schema = self.schema(&param.shape);
        let mut value = json!({ "name": param.name, "in": place, "required": required, "schema": schema });
        if !param.about.is_empty() {
            value["description"] = param.about.into();
        }
        value
    }

    /// A header that many operations take.
    pub(super) fn header(&mut self, param: Param) -> Value {
        let value = self.parameter("header", false, &param);
        self.headers.insert(param.name, value);
        json!({ "$ref": format!("#/components/parameters/{}", param.name) })
    }

    /// A refusal with these codes.
    pub(super) fn refusal(&mut self, surface: &Surface, status: u16, codes: &[&str]) -> Value {
        let name = format!("{}-{status}-{}", surface.name, codes.join("-"));
        if !self.refusals.contains_key(&name) {
            let mut value = json!({ "description": format!("Refused: {}", codes.join(", ")) });
            add_content(&mut value, surface.doc.fault_media, &surface.doc.fault, self);
            if matches!(status, 429 | 503) {
                value["headers"] = json!({ "Retry-After": header("Seconds to wait") });
            }
            self.refusals.insert(name.clone(), value);
        }
        json!({ "$ref": format!("#/components/responses/{name}") })
    }

    /// Everything that was noted.
    pub(super) fn into_json(self) -> Value {
        json!({ "schemas": self.schemas, "parameters": self.headers, "responses": self.refusals })
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Any => json!({}),
            Kind::Text { min, max } => text(*min, *max),
            Kind::Format(name) => json!({ "type": "string", "format": name }),
            Kind::Pattern(expression) => json!({ "type": "string", "pattern": expression }),
            Kind::Id => json!({ "type": "string", "description": "An id, as a UUID or as prefix_base32" }),
            Kind::Int { min, max } => int(*min, *max),
            Kind::Number => json!({ "type": "number" }),
            Kind::Flag => json!({ "type": "boolean" }),
            Kind::Words(words) => json!({ "type": "string", "enum": words }),
            Kind::List { of, max } => {
                let mut schema = json!({ "type": "array", "items": self.schema(of) });
                if *max != usize::MAX {
                    schema["maxItems"] = json!(max);
                }
                schema
            }
            Kind::Map(of) => match of.kind {
                Kind::Any => json!({ "type": "object" }),
                _ => json!({ "type": "object", "additionalProperties": self.schema(of) }),
            },
            Kind::AnyOf(shapes) => {
                json!({ "anyOf": shapes.iter().map(|shape| self.schema(shape)).collect::<Vec<_>>() })
            }
            Kind::Object(object) if object.name.is_empty() => self.object(object),
            Kind::Object(object) => {
                if !self.schemas.contains_key(object.name) {
                    // Noted before its members, which may refer to it.
                    self.schemas.insert(object.name, Value::Null);
                    let schema = self.object(object);
                    self.schemas.insert(object.name, schema);
                }
                json!({ "$ref": format!("#/components/schemas/{}", object.name) })
            }
        }
    }

    fn object(&mut self, object: &Object) -> Value {
        let properties: Map<String, Value> =
            object.fields().map(|field| (field.name.to_owned(), self.field(object.role, field))).collect();
        let required: Vec<&str> = object.fields().filter(|field| field.required).map(|field| field.name).collect();
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if object.role == Role::Closed {
            schema["additionalProperties"] = json!(false);
        }
        schema
    }

    fn field(&mut self, role: Role, field: &Field) -> Value {
        // Null is as good as not given.
        let nullable = matches!(role, Role::Input | Role::Closed) && !field.required;
        let mut schema = self.schema(&Shape { null: field.shape.null || nullable, ..field.shape });
        if let (false, Value::Object(map)) = (field.about.is_empty(), &mut schema) {
            map.insert("description".to_owned(), field.about.into());
        }
        schema
    }
}

fn text(min: usize, max: usize) -> Value {
    let mut schema = json!({ "type": "string" });
    if min > 0 {
        schema["minLength"] = json!(min);
    }
    if max != usize::MAX {
        schema["maxLength"] = json!(max);
    }
    schema
}

fn int(min: i64, max: i64) -> Value {
    let mut schema = json!({ "type": "integer", "minimum": min });
    if max != i64::MAX {
        schema["maximum"] = json!(max);
    }
    schema
}

fn or_null(mut schema: Value) -> Value {
    let Value::Object(map) = &mut schema else { return schema };
    if map.is_empty() {
        return schema;
    }
    if let Some(Value::Array(words)) = map.get_mut("enum") {
        words.push(Value::Null);
    }
    match map.get_mut("type") {
        Some(kind) => *kind = json!([kind.take(), "null"]),
        None => schema = json!({ "anyOf": [schema, { "type": "null" }] }),
    }
    schema
}
