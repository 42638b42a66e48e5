//! Pattern of subjects: a published name such as `feature:row_number`, the own name of a feature, or either with `*`.

use crate::sketch::Subject;

/// Name of subjects, in which `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubjectPattern(String);

impl SubjectPattern {
    /// A pattern; `None` if it names nothing, or everything.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_narrow = text.chars().any(|letter| letter != '*');
        is_narrow.then(|| Self(text.to_owned()))
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// True if it names `subject`.
    #[must_use]
    pub fn matches(&self, subject: &Subject) -> bool {
        let own = match subject {
            Subject::Feature(name) => Some(name.as_str()),
            _ => None,
        };
        self.is_of(&subject.name()) || own.is_some_and(|own| self.is_of(own))
    }

    fn is_of(&self, name: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else {
            return self.0 == name;
        };
        let (Some(mut left), middle, last) = (
            name.strip_prefix(first),
            rest.rsplit_once('*').map(|(middle, _)| middle),
            rest.rsplit('*').next().unwrap_or_default(),
        ) else {
            return false;
        };
        for part in middle.into_iter().flat_map(|middle| middle.split('*')) {
            match left.find(part) {
                Some(at) => left = left.get(at + part.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        left.ends_with(last)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        let cases = [
            ("amount", "amount", true),
            ("amount", "amounts", false),
            ("feature:amount", "amount", true),
            ("row_*", "row_number", true),
            ("row_*", "row_", true),
            ("row_*", "arrow_1", false),
            ("*_id", "user_id", true),
            ("*_id", "user_id_2", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXcYb", false),
            ("a*a", "a", false),
            ("*b*b*", "xbx", false),
            ("*b*b*", "bb", true),
            ("é*é", "été", true),
            ("a?", "ab", false),
        ];
        for (pattern, name, expected) in cases {
            let found = SubjectPattern::new(pattern).unwrap();
            let subject = Subject::Feature(name.to_owned());
            assert_eq!(found.matches(&subject), expected, "{pattern} {name}");
        }
        let latency = SubjectPattern::new("latency_ms").unwrap();
        assert!(latency.matches(&Subject::Latency) && !latency.matches(&Subject::Errors));
        assert_eq!(SubjectPattern::new(""), None);
        assert_eq!(SubjectPattern::new("**"), None);
    }
}
