//! `/variables`: values and secrets by name (console contract, section 5.1).

use floe_access::variables::{self, NewVariable, Shown, VALUE_CHARS_MAX, VariablePatch};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::VariableId;
use floe_store::access::variables::Page;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, variables as shapes};
use super::{Rights, SURFACE};
use crate::http::shape::FLAG;
use crate::http::{Auth, Call, Fields, Reply, Route};

/// What stands for a secret.
const HIDDEN: &str = "***";
const NAME_RULE: &str = "name must be 1 to 64 capital letters, digits and _, and begin with a letter";

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/console/v1/variables";
    const ONE: &str = "/console/v1/variables/{id}";
    vec![
        Route::get(&SURFACE, ALL, Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List variables")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("secret", FLAG, "Only secrets, or only what is none")
            .answers(200, shapes::VARIABLES),
        Route::post(&SURFACE, ALL, Auth::MEMBER, create)
            .needs(Permission::Manage)
            .doc("Create a variable")
            .about("The value of a secret is never shown again.")
            .takes(shapes::NEW_VARIABLE)
            .answers(201, shapes::VARIABLE)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, ONE, Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a variable")
            .answers(200, shapes::VARIABLE),
        Route::patch(&SURFACE, ONE, Auth::MEMBER, change)
            .needs(Permission::Manage)
            .doc("Change a variable")
            .revised()
            .takes(shapes::VARIABLE_PATCH)
            .answers(200, shapes::VARIABLE)
            .refuses(409, &["conflict", "in_use"]),
        Route::delete(&SURFACE, ONE, Auth::MEMBER, remove)
            .needs(Permission::Manage)
            .doc("Delete a variable")
            .revised()
            .answers_nothing(204)
            .refuses(409, &["in_use"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["secret"])?;
    let page = Page {
        secret: call.query.flag("secret")?,
        newest_first: window.newest_first,
        after: window.after.map(VariableId),
        limit: window.limit,
    };
    let found = call.app.access.list_variables(&call.act(), page, window.total).await?;
    let data = found.variables.iter().map(object).collect();
    Reply::ok(&window.page(data, found.variables.last().map(|one| one.row.id.0), found.more, found.total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let found = call.app.access.find_variable(&call.act(), call.id("id", "Variable")?).await?;
    Ok(Reply::ok(&object(&found))?.revision(found.row.revision))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let name = body.required_text("name", 1, 64);
    check_name(&mut body, &name);
    let new = NewVariable {
        name,
        secret: body.flag("secret").unwrap_or(false),
        value: body.required_text("value", 1, VALUE_CHARS_MAX),
        test_value: body.text("test_value", 1, VALUE_CHARS_MAX),
        description: body.text("description", 0, 500).unwrap_or_default(),
    };
    body.finish()?;
    let act = call.act();
    call.commit(
        move |tx| variables::create(tx, &act, &new),
        |made| {
            let location = format!("/console/v1/variables/{}", made.row.id.prefixed());
            Ok(Reply::created(&location, &object(&made))?.revision(made.row.revision))
        },
    )
    .await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: VariableId = call.id("id", "Variable")?;
    let mut body = call.fields()?;
    let name = body.text("name", 1, 64);
    if let Some(name) = &name {
        check_name(&mut body, name);
    }
    // Null takes the test value away.
    let names_test_value = body.has("test_value");
    let test_value = body.text("test_value", 1, VALUE_CHARS_MAX);
    let patch = VariablePatch {
        name,
        secret: body.flag("secret"),
        value: body.text("value", 1, VALUE_CHARS_MAX),
        test_value: names_test_value.then_some(test_value),
        description: body.text("description", 0, 500),
    };
    body.finish()?;
    let (act, if_match) = (call.act(), call.if_match()?);
    call.commit(
        move |tx| variables::patch(tx, &act, id, &patch, if_match),
        |changed| Ok(Reply::ok(&object(&changed))?.revision(changed.row.revision)),
    )
    .await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let id: VariableId = call.id("id", "Variable")?;
    let (act, if_match) = (call.act(), call.if_match()?);
    call.commit(move |tx| variables::delete(tx, &act, id, if_match), |()| Ok(Reply::no_content())).await
}

fn check_name(body: &mut Fields, name: &str) {
    if !name.is_empty() && !floe_engine::secrets::is_name(name) {
        body.problem("name", "value", NAME_RULE);
    }
}

fn object(variable: &Shown) -> Value {
    let row = &variable.row;
    let (value, test_value) = if row.secret {
        (Some(HIDDEN), row.test_value.as_ref().map(|_| HIDDEN))
    } else {
        (variable.value.as_deref(), variable.test_value.as_deref())
    };
    json!({
        "id": row.id.prefixed(),
        "name": row.name,
        "secret": row.secret,
        "value": value,
        "test_value": test_value,
        "description": row.description,
        "used_by": variables::used_by(&variable.used_by),
        "revision": row.revision,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    })
}
