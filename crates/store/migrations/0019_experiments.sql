-- Experiments on placements: what is compared, who got which variant, and what became of it.

-- An experiment is bound to a placement by the placement's key, which never changes. `allocation` and the weights of variants are in
-- hundredths of a percent. `forgotten` counts how often stored assignments were taken away, so that who holds copies of them knows.
-- What is configured is the same for both modes.
CREATE TABLE experiments (
    workspace_id {id} NOT NULL,
    app_id {id} NOT NULL,
    id {id} NOT NULL,
    placement_key {text} NOT NULL,
    name {text} NOT NULL,
    description {text},
    status {text} NOT NULL,
    primary_metric {text} NOT NULL,
    confidence_target {float} NOT NULL,
    hash_version {int} NOT NULL,
    seed {text} NOT NULL,
    allocation {int} NOT NULL,
    start_at {time},
    stop_at {time},
    started_at {time},
    ended_at {time},
    weights_changed_at {time},
    winner_variant_id {id},
    forgotten {int} NOT NULL,
    revision {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, app_id, id)
) {strict_rowless};

-- At most one experiment runs or pauses on a placement.
CREATE UNIQUE INDEX experiments_bound ON experiments (workspace_id, app_id, placement_key) WHERE status IN ('running', 'paused');

-- The variants in the order in which buckets are dealt out; number 0 is the control.
CREATE TABLE experiment_variants (
    workspace_id {id} NOT NULL,
    experiment_id {id} NOT NULL,
    bucket_order {int} NOT NULL,
    id {id} NOT NULL,
    name {text} NOT NULL,
    flow_version_id {id} NOT NULL,
    weight {int} NOT NULL,
    PRIMARY KEY (workspace_id, experiment_id, bucket_order)
) {strict_rowless};

CREATE INDEX experiment_variants_version ON experiment_variants (workspace_id, flow_version_id);

-- Users who are always given one variant, and stay out of the results.
CREATE TABLE experiment_overrides (
    workspace_id {id} NOT NULL,
    experiment_id {id} NOT NULL,
    user_id {text} NOT NULL,
    variant_id {id} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, experiment_id, user_id)
) {strict_rowless};

-- Who was given which variant, and when first. A forced one does not count as enrolled.
CREATE TABLE experiment_assignments (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    experiment_id {id} NOT NULL,
    user_id {text} NOT NULL,
    variant_id {id} NOT NULL,
    forced {bool} NOT NULL,
    assigned_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, mode, experiment_id, user_id)
) {strict_rowless};

CREATE INDEX experiment_assignments_age ON experiment_assignments (workspace_id, mode, experiment_id, assigned_at, user_id);

-- What a user who named an experiment and a variant did: the first and the last time of each, so that whether it happened between
-- the assignment and the end can be told whichever of them is written first.
CREATE TABLE experiment_outcomes (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    app_id {id} NOT NULL,
    experiment_id {id} NOT NULL,
    user_id {text} NOT NULL,
    variant_id {id} NOT NULL,
    exposed_first {time},
    exposed_last {time},
    completed_first {time},
    completed_last {time},
    converted_first {time},
    converted_last {time},
    PRIMARY KEY (workspace_id, mode, app_id, experiment_id, user_id, variant_id)
) {strict_rowless};

-- What conversions brought in, by user and currency; the empty currency is one that was not named.
CREATE TABLE experiment_revenue (
    workspace_id {id} NOT NULL,
    mode {text} NOT NULL,
    app_id {id} NOT NULL,
    experiment_id {id} NOT NULL,
    user_id {text} NOT NULL,
    variant_id {id} NOT NULL,
    currency {text} NOT NULL,
    day {int} NOT NULL,
    conversions {int} NOT NULL,
    amount {float} NOT NULL,
    PRIMARY KEY (workspace_id, mode, app_id, experiment_id, user_id, variant_id, currency, day)
) {strict_rowless};
