use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::attributes::Attributes;
use super::super::bucket::Share;
use super::super::schedule::{Change, ScheduledChange};
use super::super::words::{Platform, Platforms};
use super::*;
use crate::id::{AudienceId, PlacementId};

const DEFAULT: ScreenVersionId = ScreenVersionId(100);
const OTHER: ScreenVersionId = ScreenVersionId(200);
const CONTROL: ScreenVersionId = ScreenVersionId(1);
const SHORT: ScreenVersionId = ScreenVersionId(2);
const NOW: Timestamp = Timestamp(1_000_000_000);

fn placement() -> Placement {
    Placement {
        id: PlacementId(9),
        status: PlacementStatus::Active,
        platforms: Platforms::of(&[Platform::Ios, Platform::Web]),
        default_version: Some(DEFAULT),
        audience: None,
        active_from: None,
        active_until: None,
        changes: Box::default(),
        rules: Box::default(),
        rollout: None,
        experiment: None,
    }
}

fn variant(number: u128, version: ScreenVersionId, weight: u32) -> Variant {
    Variant { id: VariantId(number), name: format!("Variant {number}").into(), version, weight }
}

fn experiment(weights: [u32; 2]) -> Experiment {
    let variants = vec![variant(1, CONTROL, weights[0]), variant(2, SHORT, weights[1])];
    Experiment::new(ExperimentId(0x78ad_8549_325e_44c6_9508_1262_bc68_4bdd), HashVersion::V1, "seed", variants, None)
}

fn filter(value: &Value) -> Arc<Filter> {
    Arc::new(Filter::check(value, "").expect("a valid filter"))
}

fn country(code: &str) -> Value {
    json!({ "conditions": [{ "property": "country", "operator": "equals", "value": code }] })
}

/// What a resolve asks about users in these tests.
#[derive(Default)]
struct Facts {
    stored: HashMap<ExperimentId, VariantId>,
    is_test_user: bool,
}

impl Known for Facts {
    fn assigned(&self, experiment: ExperimentId) -> Option<VariantId> {
        self.stored.get(&experiment).copied()
    }

    fn is_test_user(&self) -> bool {
        self.is_test_user
    }
}

struct Asked {
    user: &'static str,
    platform: Platform,
    attributes: Map<String, Value>,
}

impl Default for Asked {
    fn default() -> Self {
        let attributes = json!({ "country": "NG" });
        Self {
            user: "user-1",
            platform: Platform::Ios,
            attributes: attributes.as_object().cloned().unwrap_or_default(),
        }
    }
}

/// Decides and explains, which must agree.
fn ask<'p>(placement: &'p Placement, asked: &Asked, known: &Facts) -> (Decision<'p>, Explanation) {
    let attributes = Attributes::of(&asked.attributes);
    let subject = Subject { user_id: asked.user, platform: asked.platform, attributes: Some(&attributes) };
    let decision = decide(placement, &subject, known, NOW);
    let (explained, explanation) = explain(placement, &subject, known, NOW);
    assert_eq!(decision, explained, "an explanation is of the decision that is made");
    (decision, explanation)
}

fn decided(placement: &Placement) -> Result<(ScreenVersionId, Source), NoFlow> {
    match ask(placement, &Asked::default(), &Facts::default()).0 {
        Decision::Flow(served) => Ok((served.version, served.source)),
        Decision::NoFlow(reason) => Err(reason),
    }
}

#[test]
fn each_reason_is_given_in_the_order_of_the_contract() {
    let mut placement = placement();
    placement.status = PlacementStatus::Paused;
    placement.platforms = Platforms::of(&[Platform::Android]);
    placement.active_from = Some(Timestamp(NOW.0 + 1));
    placement.rollout = Some(Rollout::new(placement.id, Share::of_hundredths(0).expect("a share"), None));
    placement.audience = Some(filter(&country("GH")));
    placement.default_version = None;
    assert_eq!(decided(&placement), Err(NoFlow::PlacementPaused));
    placement.status = PlacementStatus::Active;
    assert_eq!(decided(&placement), Err(NoFlow::PlatformMismatch));
    placement.platforms = Platforms::ALL;
    assert_eq!(decided(&placement), Err(NoFlow::ScheduleInactive));
    placement.active_from = Some(NOW);
    placement.active_until = Some(NOW);
    assert_eq!(decided(&placement), Err(NoFlow::ScheduleInactive), "the end is not included");
    placement.active_until = Some(Timestamp(NOW.0 + 1));
    assert_eq!(decided(&placement), Err(NoFlow::RolloutExcluded));
    placement.rollout = Some(Rollout::new(placement.id, Share::of_hundredths(0).expect("a share"), Some(OTHER)));
    assert_eq!(decided(&placement), Ok((OTHER, Source::RolloutFallback)));
    placement.rollout = Some(Rollout::new(placement.id, Share::ALL, Some(OTHER)));
    assert_eq!(decided(&placement), Err(NoFlow::AudienceMismatch));
    placement.audience = Some(filter(&country("NG")));
    assert_eq!(decided(&placement), Err(NoFlow::NoDefaultFlow));
    placement.default_version = Some(DEFAULT);
    assert_eq!(decided(&placement), Ok((DEFAULT, Source::Default)));
    placement.experiment = Some(experiment([10_000, 0]));
    assert_eq!(decided(&placement), Ok((CONTROL, Source::Experiment)));
    placement.experiment.as_mut().expect("it is there").stop_at = Some(NOW);
    assert_eq!(decided(&placement), Ok((DEFAULT, Source::Default)), "an experiment ends at its time");
}

#[test]
fn rules_come_before_rollout_audience_and_experiment() {
    let spec = |id, code: &str, version| RuleSpec {
        id: Some(TargetingRuleId(id)),
        name: "Rule".to_owned(),
        audience: RuleAudience::Filter(country(code)),
        version,
    };
    let rules = [spec(1, "GH", CONTROL), spec(2, "NG", OTHER), spec(3, "NG", SHORT)];
    let mut placement = placement();
    placement.rules = rules.iter().map(|rule| rule.compile(&mut |_| None)).collect();
    placement.rollout = Some(Rollout::new(placement.id, Share::of_hundredths(0).expect("a share"), None));
    placement.audience = Some(filter(&country("KE")));
    placement.experiment = Some(experiment([0, 10_000]));
    let (decision, explanation) = ask(&placement, &Asked::default(), &Facts::default());
    let Decision::Flow(served) = decision else { panic!("{decision:?}") };
    assert_eq!((served.version, served.rule), (OTHER, Some(TargetingRuleId(2))), "the first that matches");
    assert!(served.chosen.is_none(), "a rule serves no variant");
    let asked: Vec<_> = explanation.steps.iter().map(|step| (step.step, step.result)).collect();
    let expected = [("placement", true), ("status", true), ("platform", true), ("rule", false), ("rule", true)];
    assert_eq!(asked, expected);
}

#[test]
fn a_rule_of_a_missing_audience_matches_nobody() {
    let spec = RuleSpec { id: None, name: String::new(), audience: RuleAudience::Saved(AudienceId(3)), version: OTHER };
    let subject = Subject { user_id: "user-1", platform: Platform::Ios, attributes: None };
    assert!(!spec.compile(&mut |_| None).audience.matches(&subject));
    assert!(spec.compile(&mut |_| Some(Arc::default())).audience.matches(&subject));
}

#[test]
fn a_variant_is_forced_then_stored_then_hashed() {
    let mut placement = placement();
    placement.experiment = Some(experiment([10_000, 0]));
    let chosen = |placement: &Placement, known: &Facts| {
        let (decision, explanation) = ask(placement, &Asked::default(), known);
        let Decision::Flow(Served { chosen: Some(chosen), .. }) = decision else { panic!("{decision:?}") };
        assert_eq!((explanation.bucket, explanation.assignment), (Some(chosen.bucket), Some(chosen.by)));
        (chosen.variant.id, chosen.by, chosen.is_forced)
    };
    let mut known = Facts::default();
    assert_eq!(chosen(&placement, &known), (VariantId(1), By::Hash, false));
    known.is_test_user = true;
    assert_eq!(chosen(&placement, &known), (VariantId(1), By::Hash, true), "test users are left out of results");
    known.is_test_user = false;
    let experiment = placement.experiment.as_ref().expect("it is there").id;
    known.stored.insert(experiment, VariantId(2));
    assert_eq!(chosen(&placement, &known), (VariantId(2), By::Stored, false), "whatever the weights are now");
    known.stored.insert(experiment, VariantId(77));
    assert_eq!(
        chosen(&placement, &known),
        (VariantId(1), By::Hash, false),
        "a variant that is gone counts for nothing"
    );
    known.stored.insert(experiment, VariantId(1));
    placement.experiment.as_mut().expect("it is there").forced.insert("user-1".into(), VariantId(2));
    assert_eq!(chosen(&placement, &known), (VariantId(2), By::Forced, true));
}

#[test]
fn users_outside_the_allocation_see_the_default() {
    let nobody = Share::of_hundredths(0);
    let variants = vec![variant(1, CONTROL, 5_000), variant(2, SHORT, 5_000)];
    let mut placement = placement();
    placement.experiment = Some(Experiment::new(ExperimentId(5), HashVersion::V2, "seed", variants.clone(), nobody));
    assert_eq!(decided(&placement), Ok((DEFAULT, Source::Default)));
    let mut known = Facts::default();
    known.stored.insert(ExperimentId(5), VariantId(2));
    let Decision::Flow(served) = ask(&placement, &Asked::default(), &known).0 else { panic!("no flow") };
    assert_eq!(served.version, SHORT, "who is enrolled stays");

    let half = Share::of_hundredths(5_000);
    let experiment = Experiment::new(ExperimentId(5), HashVersion::V2, "seed", variants, half);
    let users: Vec<String> = (0..10_000).map(|number| format!("user-{number}")).collect();
    let enrolled: Vec<_> = users.iter().filter_map(|user| choose(&experiment, user, &Nothing)).collect();
    assert!(enrolled.len().abs_diff(5_000) < 200, "{} of 10,000 are enrolled", enrolled.len());
    let control = enrolled.iter().filter(|chosen| chosen.variant.id == VariantId(1)).count();
    let off_by = (2 * control).abs_diff(enrolled.len());
    assert!(off_by < 300, "allocation and variant have buckets of their own: {control} of {}", enrolled.len());
}

#[test]
fn scheduled_changes_hold_from_their_time_on() {
    let change = |at, change| ScheduledChange { at: Timestamp(at), change };
    let mut placement = placement();
    placement.changes = Box::new([
        change(NOW.0 - 2, Change::Default(Some(OTHER))),
        change(NOW.0, Change::Default(Some(SHORT))),
        change(NOW.0 + 1, Change::Status(PlacementStatus::Paused)),
    ]);
    assert_eq!(decided(&placement), Ok((SHORT, Source::Default)));
    let subject = Subject { user_id: "user-1", platform: Platform::Ios, attributes: None };
    let at = |micros| decide(&placement, &subject, &Nothing, Timestamp(micros));
    assert_eq!(at(NOW.0 + 1), Decision::NoFlow(NoFlow::PlacementPaused));
    let Decision::Flow(before) = at(NOW.0 - 1) else { panic!("no flow") };
    assert_eq!(before.version, OTHER);
    assert_eq!(placement.versions(), [SHORT, DEFAULT, OTHER], "all that it can answer with is kept ready");
}

#[test]
fn an_export_is_the_default_whatever_else_is_set() {
    let mut placement = placement();
    placement.status = PlacementStatus::Paused;
    placement.platforms = Platforms::default();
    placement.audience = Some(Arc::new(Filter::nobody()));
    placement.experiment = Some(experiment([0, 10_000]));
    let Decision::Flow(served) = decide_export(&placement, NOW) else { panic!("no flow") };
    assert_eq!((served.version, served.source, served.chosen.is_none()), (DEFAULT, Source::Default, true));
    placement.default_version = None;
    assert_eq!(decide_export(&placement, NOW), Decision::NoFlow(NoFlow::NoDefaultFlow));
}

#[test]
fn explanations_read_as_the_contract_says() {
    let mut placement = placement();
    placement.audience = Some(filter(&country("GH")));
    let explanation = ask(&placement, &Asked::default(), &Facts::default()).1;
    assert_eq!(
        explanation.to_value(),
        json!({
            "outcome": "no_flow", "reason": "audience_mismatch", "source": null,
            "steps": [
                { "step": "placement", "result": true },
                { "step": "status", "result": true },
                { "step": "platform", "result": true },
                { "step": "audience", "result": false, "detail": [
                    { "property": "country", "operator": "equals", "actual": "NG", "matched": false },
                ]},
            ],
        })
    );
    placement.audience = None;
    placement.experiment = Some(experiment([10_000, 0]));
    let explanation = ask(&placement, &Asked::default(), &Facts::default()).1.to_value();
    assert_eq!((&explanation["outcome"], &explanation["assignment"]), (&json!("flow"), &json!("hash")));
    assert_eq!(explanation["bucket"], json!(bucket::v1("user-1", "78ad8549-325e-44c6-9508-1262bc684bdd")));
    assert_eq!(Explanation::not_found().to_value()["reason"], json!("placement_not_found"));
}

#[test]
fn rules_are_read_and_what_is_wrong_is_named() {
    let rule = json!({
        "id": TargetingRuleId(4), "name": "Ghana", "filter": country("GH"), "audience_id": null, "flow_version_id": OTHER,
    });
    let read = RuleSpec::read_all(&json!([rule]), "/rules").expect("a valid rule");
    assert_eq!(read[0].to_value(), rule);
    assert_eq!(RuleSpec::read_all(&Value::Null, "/rules"), Ok(Vec::new()));
    let with = |name: &str, value: Value| {
        let mut rule = rule.clone();
        rule[name] = value;
        json!([rule])
    };
    let cases = [
        (json!({}), "/rules", "type"),
        (json!([1]), "/rules/0", "type"),
        (json!(vec![rule.clone(); RULES_MAX + 1]), "/rules", "range"),
        (json!([rule, rule]), "/rules", "repeated"),
        (with("id", json!("x")), "/rules/0/id", "invalid"),
        (with("name", json!(1)), "/rules/0/name", "type"),
        (with("name", json!("n".repeat(RULE_NAME_CHARS_MAX + 1))), "/rules/0/name", "length"),
        (with("flow_version_id", json!(null)), "/rules/0/flow_version_id", "required"),
        (with("flow_version_id", json!("x")), "/rules/0/flow_version_id", "invalid"),
        (with("filter", json!(null)), "/rules/0", "invalid"),
        (with("audience_id", json!(AudienceId(1))), "/rules/0", "invalid"),
        (with("filter", json!({ "match": 1 })), "/rules/0/filter/match", "unknown"),
    ];
    for (rules, path, code) in cases {
        let problems = RuleSpec::read_all(&rules, "/rules").expect_err("rules that must be refused");
        assert_eq!((problems.len(), problems[0].path.as_str(), problems[0].code), (1, path, code), "{problems:?}");
    }
}
