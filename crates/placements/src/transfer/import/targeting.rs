//! Audiences and placements.

use floe_model::Fault;
use floe_model::placements::filter::Saved;
use floe_store::Tx;
use floe_store::placements::audiences::{self, AUDIENCES_MAX};
use floe_store::placements::placements::{self, PLACEMENTS_MAX, Placement};
use serde_json::json;

use super::super::prepare::{Audience, References};
use super::{Target, taken, written};
use crate::{placements as service, schedules, targeting};

impl Target<'_> {
    pub(super) fn audiences(&mut self, tx: &mut Tx<'_>, list: &[Audience]) -> Result<(), Fault> {
        let (workspace, app, now) = (self.workspace, self.app, self.now);
        for one in list {
            match audiences::find(tx, workspace, app, one.id)? {
                None => {
                    let row = audiences::Audience {
                        app,
                        id: one.id,
                        name: one.name.clone(),
                        filter: one.filter.clone(),
                        revision: 1,
                        created_at: now,
                        updated_at: now,
                    };
                    audiences::insert(tx, workspace, &row)?;
                    self.done.created.audiences += 1;
                }
                Some(row) if (&row.name, &row.filter) == (&one.name, &one.filter) => self.done.kept.audiences += 1,
                Some(mut row) => {
                    row.name.clone_from(&one.name);
                    row.filter.clone_from(&one.filter);
                    row.updated_at = now;
                    written(audiences::update(tx, workspace, &row)?)?;
                    self.done.updated.audiences += 1;
                }
            }
        }
        self.room("audiences", audiences::count(tx, workspace, app)?, AUDIENCES_MAX)?;
        let saved = self.saved(tx)?;
        for (index, one) in list.iter().enumerate() {
            let problem = saved.check_audience(one.id, &one.read).err();
            refuse(problem.map(|problem| problem.at(&format!("/audiences/{index}/filter"))))?;
        }
        // Another audience of the app may use one that was changed.
        for (id, filter) in saved.with_links() {
            let problem = saved.check_audience(id, filter).err();
            refuse(problem.map(|problem| problem.at("/audiences")))?;
        }
        Ok(())
    }

    pub(super) fn placements(&mut self, tx: &mut Tx<'_>, list: &[(Placement, References)]) -> Result<(), Fault> {
        let saved = self.saved(tx)?;
        for (row, references) in list {
            self.published(tx, &references.versions, &references.path)?;
            for id in &references.audiences {
                let problem = saved.check_use(*id).err();
                refuse(problem.map(|problem| problem.at(&references.path)))?;
            }
            for filter in &references.filters {
                let problem = saved.check(filter).err();
                refuse(problem.map(|problem| problem.at(&references.path)))?;
            }
            self.placement(tx, row, &references.path)?;
        }
        self.room("placements", placements::count(tx, self.workspace, self.app)?, PLACEMENTS_MAX)
    }

    fn placement(&mut self, tx: &mut Tx<'_>, wanted: &Placement, path: &str) -> Result<(), Fault> {
        let (workspace, app) = (self.workspace, self.app);
        let of_key = placements::find(tx, workspace, app, &wanted.key)?;
        if of_key.as_ref().is_some_and(|other| other.id != wanted.id) {
            return Err(taken(path, format!("another placement has the key {} here", wanted.key)));
        }
        let row = match of_key.or(placements::find_by_id(tx, workspace, app, wanted.id)?) {
            None => {
                placements::insert(tx, workspace, wanted)?;
                self.done.created.placements += 1;
                wanted.clone()
            }
            Some(old) if old.key != wanted.key => {
                return Err(taken(path, format!("the placement {} has the key {} here", old.id, old.key)));
            }
            Some(old) => {
                let new = Placement {
                    revision: old.revision,
                    created_at: old.created_at,
                    updated_at: old.updated_at,
                    ..wanted.clone()
                };
                if new == old {
                    self.done.kept.placements += 1;
                    return Ok(());
                }
                let new = Placement { updated_at: self.now, ..new };
                written(placements::update(tx, workspace, &new)?)?;
                self.done.updated.placements += 1;
                Placement { revision: new.revision + 1, ..new }
            }
        };
        service::record(tx, self.ctx, &self.who, &row, "imported", &json!({}))?;
        // What is due of its plan is answered already, and written down by the job that this enters.
        schedules::enter(tx, self.ctx, workspace, &row)
    }

    fn saved(&self, tx: &mut Tx<'_>) -> Result<Saved, Fault> {
        Ok(targeting::saved(&audiences::of_app(tx, self.workspace, self.app)?))
    }
}

fn refuse(problem: Option<floe_model::FieldProblem>) -> Result<(), Fault> {
    problem.map_or(Ok(()), |problem| Err(Fault::validation(vec![problem])))
}
