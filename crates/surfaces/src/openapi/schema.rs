//! Shapes as JSON Schema 2020-12.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::http::shape::{Field, Kind, Object, Role, Shape};

/// Objects with a name, each written once.
#[derive(Default)]
pub(super) struct Components(BTreeMap<&'static str, Value>);

impl Components {
    /// A schema for a shape; objects with a name are noted here and referred to.
    pub(super) fn schema(&mut self, shape: &Shape) -> Value {
        let schema = self.kind(&shape.kind);
        if shape.null { or_null(schema) } else { schema }
    }

    pub(super) fn into_schemas(self) -> BTreeMap<&'static str, Value> {
        self.0
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
                if !self.0.contains_key(object.name) {
                    // Noted before its members, which may refer to it.
                    self.0.insert(object.name, Value::Null);
                    let schema = self.object(object);
                    self.0.insert(object.name, schema);
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
