//! The badge: a small picture (SVG) of a standing, without scripts and without anything from elsewhere.

use super::standing::Grade;

/// Pixels of a letter of the badge's font, about.
const LETTER: usize = 7;
/// Pixels beside a text.
const MARGIN: usize = 10;
const LABEL: &str = "SMS recording download";

/// The badge of a standing.
pub(super) fn badge(grade: Grade) -> String {
    let text = grade.text().en;
    let colour = match grade {
        Grade::Certified => "#1a7f37",
        Grade::CertifiedWithRemarks => "#7d5b00",
        Grade::NotCertified => "#b3261e",
    };
    let left = LABEL.len() * LETTER + 2 * MARGIN;
    let right = text.len() * LETTER + 2 * MARGIN;
    let width = left + right;
    let (label_at, text_at) = (left / 2, left + right / 2);
    let (label_width, text_width) = (left - 2 * MARGIN, right - 2 * MARGIN);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="22" role="img" aria-label="{LABEL}: {text}">
<title>{LABEL}: {text}</title>
<rect width="{width}" height="22" rx="4" fill="#3b4350"/>
<path d="M{left} 0h{radius_less}a4 4 0 0 1 4 4v14a4 4 0 0 1-4 4h-{radius_less}z" fill="{colour}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{label_at}" y="15" textLength="{label_width}" lengthAdjust="spacingAndGlyphs">{LABEL}</text>
<text x="{text_at}" y="15" textLength="{text_width}" lengthAdjust="spacingAndGlyphs">{text}</text>
</g>
</svg>
"##,
        radius_less = right - 4
    )
}
