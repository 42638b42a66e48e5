//! Text from outside as it may be written to a terminal: whatever a terminal would obey or hide is escaped.
//!
//! The name of a model, version, feature, segment or category comes from whoever writes the input topic. Written raw, it could
//! move the cursor, set the title of a window, or show another name than the one it is. Published records keep the true name.

use std::fmt;

/// A text with every control, formatting and invisible character as `\u{1b}`. Width and alignment count the escaped text.
#[derive(Debug, Clone, Copy)]
pub struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.contains(is_obeyed_or_hidden) {
            return f.pad(self.0);
        }
        let mut escaped = String::with_capacity(self.0.len());
        for c in self.0.chars() {
            if is_obeyed_or_hidden(c) {
                escaped.extend(c.escape_unicode());
            } else {
                escaped.push(c);
            }
        }
        f.pad(&escaped)
    }
}

/// True for a character that a terminal obeys (C0, DEL, C1, ends of lines), or that changes the direction of the text, or that
/// is not seen.
fn is_obeyed_or_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' // soft hyphen
            | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' // directions
            | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{feff}' // without width
            | '\u{2028}' | '\u{2029}' // ends of lines
            | '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}') // formatting, tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_or_hides_is_escaped() {
        for (name, shown) in [
            ("\u{1b}[31mred\u{1b}[0m", r"\u{1b}[31mred\u{1b}[0m"),
            ("\u{1b}]0;title\u{7}", r"\u{1b}]0;title\u{7}"),
            ("\u{9b}2J", r"\u{9b}2J"),
            ("two\r\nlines\u{2028}", r"two\u{d}\u{a}lines\u{2028}"),
            ("abc\u{202e}fed\u{2066}", r"abc\u{202e}fed\u{2066}"),
            ("pay\u{200b}ment\u{feff}", r"pay\u{200b}ment\u{feff}"),
            ("\0\u{7f}\t", r"\u{0}\u{7f}\u{9}"),
        ] {
            assert_eq!(Printable(name).to_string(), shown);
        }
    }

    #[test]
    fn ordinary_names_of_any_script_stay_as_they_are() {
        for name in [
            "fraud-v2",
            "größe",
            "e\u{301}tat",
            "数量",
            "🙂",
            "मूल्य",
            r"a\b",
        ] {
            assert_eq!(Printable(name).to_string(), name);
        }
        assert_eq!(format!("{:<6}|", Printable("\u{7}")), r"\u{7} |");
    }
}
