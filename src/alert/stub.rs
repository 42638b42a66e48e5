use crate::detect::Finding;
use crate::sketch::Subject;
use crate::window::*;
use serde::*;
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    pub version: String,
    pub window: WindowLength,
    pub finding: Finding,
}
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Episodes {}
impl Episodes {
    pub fn is_quiet(&self, _: &str, _: &Subject, _: WindowLength, _: Boundary) -> bool {
        true
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRecord {}
