//! stub
use super::model::Report;
/// x
#[must_use]
pub fn html(_r: &Report) -> String {
    String::new()
}
