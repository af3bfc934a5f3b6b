//! Lines that only a download watched over time can show: how each is judged by what a scene recorded. Pure functions,
//! so that a recording can be judged again.

mod address;
mod burst;
mod call;
mod file;
mod prog;
mod range;
mod secu;
mod shared;

use std::sync::LazyLock;

use crate::scene::Watched;

/// Every one of them.
pub(crate) static ALL: LazyLock<Vec<Watched>> = LazyLock::new(|| {
    [
        prog::LINES,
        shared::LINES,
        burst::LINES,
        call::LINES,
        address::LINES,
        file::LINES,
        range::LINES,
        secu::LINES,
    ]
    .concat()
});
