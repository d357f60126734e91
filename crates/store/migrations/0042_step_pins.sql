-- Outputs that tests of a draft use instead of running a step.
CREATE TABLE step_pins (
    workspace_id {id} NOT NULL,
    flow_id {id} NOT NULL,
    step_id {text} NOT NULL,
    output {json} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, flow_id, step_id)
) {strict_rowless};
