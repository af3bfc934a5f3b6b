//! The clock of a world, read and moved.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problem::{Problem, fault, problem};
use super::{Done, ok};
use crate::clock::{ClockReading, Moment, Speed};
use crate::world::World;

/// What a clock shows, as data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Shown {
    micros: Moment,
    time: String,
    speed: f64,
    paused: bool,
}

impl From<ClockReading> for Shown {
    fn from(reading: ClockReading) -> Self {
        Self {
            micros: reading.now,
            time: reading.wall.to_string(),
            speed: reading.speed.factor(),
            paused: reading.is_paused,
        }
    }
}

impl Shown {
    pub(super) fn reading(&self) -> Result<ClockReading, Problem> {
        let wrong = |member: &str, message: &str| {
            Problem::faults(vec![fault("body", &format!("/clock/{member}"), message)])
        };
        Ok(ClockReading {
            now: self.micros,
            wall: self
                .time
                .parse()
                .map_err(|_| wrong("time", "`time` is no time of a clock"))?,
            speed: Speed::new(self.speed).map_err(|e| wrong("speed", &e.to_string()))?,
            is_paused: self.paused,
        })
    }
}

pub(super) fn show(world: &World) -> Done {
    ok(&Shown::from(world.clock.reading()))
}

pub(super) fn set(world: &World, body: &Value) -> Done {
    let speed = body.get("speed").and_then(Value::as_f64).map(Speed::new);
    let speed = speed
        .transpose()
        .map_err(|e| Problem::faults(vec![fault("body", "/speed", &e.to_string())]))?;
    if let Some(speed) = speed {
        world.clock.set_speed(speed);
    }
    match body.get("paused").and_then(Value::as_bool) {
        Some(true) => world.clock.pause(),
        Some(false) => world.clock.resume(),
        None => {}
    }
    told(world)
}

pub(super) fn advance(world: &World, body: &Value) -> Done {
    let seconds = body.get("seconds").and_then(Value::as_f64);
    let by = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let by = by.ok_or_else(|| problem(StatusCode::BAD_REQUEST, "`seconds` is no time to pass"))?;
    world.clock.advance(by);
    told(world)
}

/// Tells those who listen, and who asked.
fn told(world: &World) -> Done {
    let shown = Shown::from(world.clock.reading());
    world.tell("clock", || serde_json::to_value(&shown).unwrap_or_default());
    ok(&shown)
}
