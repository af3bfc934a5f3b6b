//! `report.json`: the model itself, and its JSON Schema.

use std::io::Write;

use super::model::Report;

/// The JSON Schema of `report.json` (Draft 2020-12).
pub const REPORT_SCHEMA: &str = include_str!("../../report.schema.json");

/// Writes a report as JSON.
///
/// # Errors
/// The writer's own.
pub fn write_json(report: &Report, mut out: impl Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut out, report)?;
    out.write_all(b"\n")
}
