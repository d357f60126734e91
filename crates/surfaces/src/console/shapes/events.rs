//! Shapes of domain events.

use super::keys::MODE;
use super::page;
use crate::http::shape::{ANY, COUNT, ID, INSTANT, Shape, TEXT, list, must, object, words};

/// Products that have events.
pub(in crate::console) const PRODUCTS: &[&str] =
    &["flows", "workflows", "agents", "treasury", "placements", "platform"];
/// Words of `product`.
pub(in crate::console) const PRODUCT: Shape = words(PRODUCTS);

const DELIVERY: Shape = object(
    "EventDelivery",
    &[
        must("id", ID),
        must("endpoint_id", ID),
        must("status", super::webhooks::STATUS),
        must("attempt_count", COUNT),
        must("created_at", INSTANT),
        must("finished_at", INSTANT.or_null()),
    ],
);

/// A domain event with its deliveries.
pub(in crate::console) const EVENT: Shape = object(
    "DomainEvent",
    &[
        must("id", ID),
        must("type", TEXT),
        must("product", TEXT),
        must("mode", MODE),
        must("timestamp", INSTANT).about("When it happened"),
        must("object_id", ID.or_null()).about("What it happened to"),
        must("data", ANY),
        must("deliveries", list(&DELIVERY)).about("To the webhooks that the caller may see"),
    ],
);
/// A list of domain events.
pub(in crate::console) const EVENTS: Shape = object("DomainEvents", &page(&EVENT));
