//! Settings with a few allowed words.

/// Declares an enum with one word per variant. Its error names all words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                match text.as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("`{text}` is not known; write one of {}", [$($word),+].join(", "))),
                }
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => $word),+ }.to_owned()
            }
        }
    };
}

pub(super) use words;
