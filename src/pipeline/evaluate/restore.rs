//! Bringing an evaluate task back from its state: what it was at its last commit, to the bit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::model::{Knowledge, Model};
use super::{Evaluate, OpenPanes, Replay, Stop};
use crate::pipeline::effect::Effects;
use crate::pipeline::plan::{PANES_PARTITIONS, Plan};
use crate::pipeline::state::{BadState, Head, Key, StateReader, decode};
use crate::reference::Reference;
use crate::sketch::Partial;
use crate::window::PANE_MILLIS;

impl Evaluate {
    /// The task as its state tells; `None` if nothing was ever written.
    ///
    /// # Errors
    /// When the state is damaged, of another version, or of another number of partitions.
    pub fn restore(
        plan: Arc<Plan>,
        partition: i32,
        reader: &StateReader,
    ) -> Result<Option<Self>, Stop> {
        let (entries, writer) = reader.entries()?;
        let mut head: Option<Head> = None;
        let mut models: BTreeMap<String, Model> = BTreeMap::new();
        let mut references: BTreeMap<String, Reference> = BTreeMap::new();
        let (mut open, mut checkpointed) = (OpenPanes::new(), BTreeSet::new());
        let mut panes = Vec::new();
        for (key, value) in entries {
            match key {
                Key::Head => head = Some(decode(&value)?),
                Key::Model(name) => {
                    models.insert(
                        name.clone(),
                        Model::restored(decode::<Knowledge>(&value)?, None),
                    );
                }
                Key::Reference(name) => {
                    references.insert(name.clone(), decode(&value)?);
                }
                Key::Open(scope, start) => {
                    checkpointed.insert((*start, scope.clone()));
                    open.entry(*start)
                        .or_default()
                        .insert(scope.clone(), decode(&value)?);
                }
                Key::Fine(..) | Key::Coarse(..) => panes.push((key, decode::<Partial>(&value)?)),
            }
        }
        let Some(head) = head else { return Ok(None) };
        same(
            "the number of panes partitions",
            i64::from(head.partitions),
            i64::from(PANES_PARTITIONS),
        )?;
        same(
            "the length of a pane in milliseconds",
            head.pane_millis,
            PANE_MILLIS,
        )?;
        if head.digest != writer.digest() {
            return Err(BadState::Tampered.into());
        }
        for (key, pane) in panes {
            put_back(&mut models, key, pane);
        }
        for (name, model) in &mut models {
            model.reference = references.remove(name);
            model.changed = false;
        }
        Ok(Some(Self {
            plan,
            // What was merged since the checkpoint is read again, from where the cursors stood then.
            cursors: if head.open_from < head.next {
                head.open_cursors.clone()
            } else {
                head.cursors.clone()
            },
            replay: (head.open_from < head.next).then_some(Replay {
                until: head.next,
                expected: head.cursors,
            }),
            open_cursors: head.open_cursors,
            next: head.next,
            open_from: head.open_from,
            closed: head.closed,
            open,
            checkpointed,
            models,
            effects: Effects::default(),
            writer,
            changed: false,
            is_herald: partition == 0,
        }))
    }
}

fn same(what: &'static str, found: i64, wanted: i64) -> Result<(), BadState> {
    if found == wanted {
        Ok(())
    } else {
        Err(BadState::Mismatch {
            what,
            found,
            wanted,
        })
    }
}

fn put_back(models: &mut BTreeMap<String, Model>, key: &Key, pane: Partial) {
    let (Key::Fine(scope, start) | Key::Coarse(scope, start)) = key else {
        return;
    };
    let Some(model) = models.get_mut(&scope.model) else {
        return;
    };
    let ring = model.rings.entry(scope.version.clone()).or_default();
    if matches!(key, Key::Fine(..)) {
        ring.insert_fine(*start, pane);
    } else {
        ring.insert_coarse(*start, pane);
    }
}
