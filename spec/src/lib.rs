//! The recording-download contract of an SMS, compiled: routing, validation, rules, jobs.
