//! Where panels stand on a dashboard: rows of 24 columns, filled from left to right, so that none covers another.

use crate::rule::PanelKind;

/// The width of a dashboard (Grafana's grid).
pub(crate) const COLUMNS: u32 = 24;

/// A longer text can be scrolled.
const MOST_LINES: u32 = 12;

/// A place on the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// From the left.
    pub(crate) x: u32,
    /// From the top.
    pub(crate) y: u32,
    /// How many columns.
    pub(crate) width: u32,
    /// How many lines.
    pub(crate) height: u32,
}

/// The place after all that stand already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    x: u32,
    y: u32,
    /// The height of the highest panel of the line that is being filled.
    line: u32,
}

impl Cursor {
    /// The place of a panel of this kind.
    pub(crate) fn place(&mut self, kind: PanelKind) -> Place {
        let (width, height) = size(kind);
        if self.x + width > COLUMNS {
            self.end_line();
        }
        let place = Place { x: self.x, y: self.y, width, height };
        self.x += width;
        self.line = self.line.max(height);
        place
    }

    /// The place of a heading over the whole width.
    pub(crate) fn heading(&mut self) -> Place {
        self.end_line();
        let place = Place { x: 0, y: self.y, width: COLUMNS, height: 1 };
        self.y += 1;
        place
    }

    /// The place of a text of so many lines over the whole width.
    pub(crate) fn text(&mut self, lines: usize) -> Place {
        self.end_line();
        let height = 2 + u32::try_from(lines).unwrap_or(u32::MAX).min(MOST_LINES);
        let place = Place { x: 0, y: self.y, width: COLUMNS, height };
        self.y += height;
        place
    }

    fn end_line(&mut self) {
        self.y += self.line;
        (self.x, self.line) = (0, 0);
    }
}

/// Wide enough to read at 1280 pixels.
fn size(kind: PanelKind) -> (u32, u32) {
    match kind {
        PanelKind::Stat(_) | PanelKind::Gauge(_) => (6, 6),
        PanelKind::Pie => (8, 8),
        PanelKind::Lines | PanelKind::Heatmap | PanelKind::Table(_) => (12, 8),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds() -> impl Strategy<Value = Option<PanelKind>> {
        prop_oneof![
            Just(None),
            Just(Some(PanelKind::Stat(None))),
            Just(Some(PanelKind::Gauge([1, 2]))),
            Just(Some(PanelKind::Pie)),
            Just(Some(PanelKind::Lines)),
            Just(Some(PanelKind::Table(&[]))),
        ]
    }

    proptest! {
        #[test]
        fn nothing_covers_anything(kinds in prop::collection::vec(kinds(), 0..40), lines in 0..40_usize) {
            let mut cursor = Cursor::default();
            let mut places: Vec<Place> = vec![cursor.text(lines)];
            for kind in kinds {
                places.push(match kind {
                    Some(kind) => cursor.place(kind),
                    None => cursor.heading(),
                });
            }
            for (index, one) in places.iter().enumerate() {
                prop_assert!(one.x + one.width <= COLUMNS, "{one:?}");
                for other in &places[..index] {
                    let beside = one.x + one.width <= other.x || other.x + other.width <= one.x;
                    let under = one.y + one.height <= other.y || other.y + other.height <= one.y;
                    prop_assert!(beside || under, "{one:?} covers {other:?}");
                }
            }
        }
    }
}
