//! Numbers that a rule states. They are declared once as fields, and written to and read from a finding's details under the fields' names.

use std::collections::BTreeMap;

/// Numbers that a rule states about its evaluation. [`facts!`] derives the implementation.
pub(super) trait RuleFacts: Sized {
    /// Numbers by name, as published.
    fn details(&self) -> BTreeMap<&'static str, f64>;

    /// Reads the numbers back; `None` if one is missing.
    fn read(number: &dyn Fn(&str) -> Option<f64>) -> Option<Self>;
}

/// Conversion of a fact to and from a number of the details.
pub(super) trait FactNumber: Sized {
    fn to_number(self) -> f64;
    fn from_number(number: f64) -> Self;
}

impl FactNumber for f64 {
    fn to_number(self) -> f64 {
        self
    }

    fn from_number(number: f64) -> Self {
        number
    }
}

/// Counts and minutes. A double represents them exactly up to 2⁵³.
impl FactNumber for i64 {
    fn to_number(self) -> f64 {
        self as f64
    }

    fn from_number(number: f64) -> Self {
        number as i64
    }
}

/// Declares a struct of facts. The name of a field is the name of its number in the details.
macro_rules! facts {
    ($(#[$about:meta])* $visible:vis struct $name:ident { $($field:ident: $number:ty,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        $visible struct $name {
            $(pub(super) $field: $number,)+
        }

        impl $crate::detect::slo::facts::RuleFacts for $name {
            fn details(&self) -> std::collections::BTreeMap<&'static str, f64> {
                use $crate::detect::slo::facts::FactNumber;
                [$((stringify!($field), self.$field.to_number()),)+].into()
            }

            fn read(number: &dyn Fn(&str) -> Option<f64>) -> Option<Self> {
                use $crate::detect::slo::facts::FactNumber;
                Some(Self {
                    $($field: <$number>::from_number(number(stringify!($field))?),)+
                })
            }
        }
    };
}

pub(super) use facts;

#[cfg(test)]
mod tests {
    use super::*;

    facts! {
        struct Example {
            target: f64,
            good: i64,
        }
    }

    #[test]
    fn what_is_stated_reads_back() {
        let stated = Example {
            target: 0.95,
            good: -3,
        };
        let details = stated.details();
        assert_eq!(details, BTreeMap::from([("target", 0.95), ("good", -3.0)]));
        let read = Example::read(&|name| details.get(name).copied());
        assert_eq!(read, Some(stated));
        assert_eq!(Example::read(&|_| None), None);
    }
}
