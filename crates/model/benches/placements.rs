//! What one resolve costs in decisions: a filter of five conditions, both hashes, and a whole decision with an experiment.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use floe_model::Timestamp;
use floe_model::id::{ExperimentId, PlacementId, ScreenVersionId, VariantId};
use floe_model::placements::attributes::Attributes;
use floe_model::placements::bucket::{self, HashVersion};
use floe_model::placements::decide::{Experiment, Nothing, Placement, Variant, decide};
use floe_model::placements::filter::{Filter, Subject};
use floe_model::placements::{PlacementStatus, Platform, Platforms};
use serde_json::{Map, Value, json};

/// Five conditions of different kinds, all of which hold, so that none is skipped.
fn filter() -> Filter {
    let filter = json!({ "match": "all", "conditions": [
        { "property": "user.plan", "operator": "equals", "value": "premium" },
        { "property": "country", "operator": "in", "value": ["NG", "GH", "KE", "ZA"] },
        { "property": "sessions_count", "operator": "gte", "value": "5" },
        { "property": "app.version", "operator": "semver_gte", "value": "2.1.0" },
        { "property": "device.platform", "operator": "not_equals", "value": "web" },
    ]});
    Filter::check(&filter, "").expect("a valid filter")
}

fn attributes() -> Map<String, Value> {
    let attributes = json!({
        "device.platform": "ios", "device.os_version": "Version 17.4 (Build 21E213)", "device.model": "iPhone15,2",
        "app.version": "2.10.0", "app.build": "412", "country": "NG", "user.plan": "premium",
        "user.is_premium": true, "sessions_count": 12,
    });
    attributes.as_object().expect("an object").clone()
}

fn placement() -> Placement {
    let variant = |number: u128, weight| Variant {
        id: VariantId(number),
        name: "Variant".into(),
        version: ScreenVersionId(number),
        weight,
    };
    let experiment = Experiment::new(
        ExperimentId(0x78ad_8549_325e_44c6_9508_1262_bc68_4bdd),
        HashVersion::V2,
        "onboarding length",
        vec![variant(1, 5_000), variant(2, 5_000)],
        None,
    );
    Placement {
        id: PlacementId(1),
        status: PlacementStatus::Active,
        platforms: Platforms::ALL,
        default_version: Some(ScreenVersionId(1)),
        audience: Some(Arc::new(filter())),
        active_from: None,
        active_until: None,
        changes: Box::default(),
        rules: Box::default(),
        rollout: None,
        experiment: Some(experiment),
    }
}

fn placements(criterion: &mut Criterion) {
    let (filter, placement, attributes) = (filter(), placement(), attributes());
    let user = "F5057FEE-4C3E-4459-82DD-21250B729601";
    let attributes = Attributes::of(&attributes);
    let subject = Subject { user_id: user, platform: Platform::Ios, attributes: Some(&attributes) };
    assert!(filter.matches(&subject), "the measured filter must not stop early");
    criterion.bench_function("filter of five conditions", |bencher| {
        bencher.iter(|| black_box(&filter).matches(black_box(&subject)));
    });
    criterion.bench_function("bucket of hash version 1", |bencher| {
        bencher.iter(|| bucket::v1(black_box(user), "78ad8549-325e-44c6-9508-1262bc684bdd"));
    });
    criterion.bench_function("bucket of hash version 2", |bencher| {
        bencher.iter(|| bucket::v2("onboarding length", black_box(user)));
    });
    criterion.bench_function("decision with filter and experiment", |bencher| {
        bencher.iter(|| decide(black_box(&placement), black_box(&subject), &Nothing, Timestamp(0)));
    });
}

criterion_group!(benches, placements);
criterion_main!(benches);
