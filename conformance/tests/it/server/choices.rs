//! What the server may do one way or the other, and what it can do wrong.

/// Where the page leaves a choice.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Choices {
    /// Rejections are HTTP 4xx, some of them without an envelope; else HTTP 200 with another `code`.
    pub(crate) has_statuses: bool,
    /// Answers have more members than the page names.
    pub(crate) has_extras: bool,
    /// Durations have a fraction.
    pub(crate) has_fractions: bool,
    /// Equal requests share an id, and ids are opaque.
    pub(crate) shares_ids: bool,
    /// It has nothing to say about a body that it cannot read.
    pub(crate) is_terse: bool,
    /// It knows its callers by their token, [`TOKEN`].
    pub(crate) authenticates: bool,
    /// Something was recorded at any time.
    pub(crate) simulates: bool,
}

/// The one token that is right.
pub(crate) const TOKEN: &str = "hunter2-hunter2";

/// The one thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    Reversed,
    SourceType(&'static str),
    MissingChannel,
    NullDevice,
    TooLong,
    NumericDuration,
    SizeWithUnit,
    DurationWithUnit,
    OneId,
    EmptyId,
    ServerErrorOnBadJson,
    HangsOnBadJson,
    ReadsTruncated,
    PlainText,
    NoMessage,
    CodeZeroWithStatus,
    IdInRejection,
    TwoValues,
    Duplicate,
    WiderIsShorter,
    UnknownDevice,
    UnknownChannel,
    Month13,
    Words,
    ForgetsIds,
    AnyId,
    NoCharset,
    PlatformId,
    Escapes,
    Windows,
    GivesUp,
    Every(u64),
    NoReason,
    OtherCode,
    Anonymous,
    ForgedId,
    ServerErrorOnNul,
    DropsControls,
    ServerErrorOnDepth,
    IgnoresDepth,
    FlipsDuplicates,
    ServerErrorOnNull,
    ServerErrorOnYears,
    Large,
    Patient,
    Crowded,
    LeapDays,
    StackTrace,
    AnyToken,
    AnyTenant,
    DecimalHost,
    LineBreaks,
}
