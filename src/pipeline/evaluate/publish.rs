//! What evaluate publishes.
use super::judge::JudgedBoundary;
use super::*;
use crate::pipeline::effect::*;
use crate::reference::Reference;
pub fn lost(_plan: &Plan, _s: &SourceId, _r: (i64, i64), _o: i64, _c: Option<Boundary>) -> Output {
    todo!()
}
pub fn alerts(_m: &mut Model, _at: Boundary, _p: &Plan, _j: JudgedBoundary, _e: &mut Effects) {}
pub fn reports(_m: &mut Model, _at: Boundary, _p: &Plan, _e: &mut Effects) {}
pub fn reference(_r: &Reference) -> Output {
    todo!()
}
