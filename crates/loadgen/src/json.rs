//! Results as one line of JSON: objects, numbers, text; nothing else is needed.

use std::fmt;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Number(f64),
    Text(String),
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    /// A number, or null.
    pub(crate) fn maybe(number: Option<f64>) -> Self {
        number.map_or(Self::Null, Self::Number)
    }

    /// A count.
    pub(crate) fn count(number: u64) -> Self {
        Self::Number(number as f64)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            // JSON has no NaN and no infinity.
            Self::Number(number) if !number.is_finite() => f.write_str("null"),
            Self::Number(number) => write!(f, "{}", (number * 1_000.0).round() / 1_000.0),
            Self::Text(text) => {
                f.write_str("\"")?;
                for character in text.chars() {
                    match character {
                        '"' | '\\' => write!(f, "\\{character}")?,
                        c if u32::from(c) < 0x20 => write!(f, "\\u{:04x}", u32::from(c))?,
                        c => write!(f, "{c}")?,
                    }
                }
                f.write_str("\"")
            }
            Self::Object(pairs) => {
                f.write_str("{")?;
                for (index, (key, value)) in pairs.iter().enumerate() {
                    write!(f, "{}\"{key}\":{value}", if index == 0 { "" } else { "," })?;
                }
                f.write_str("}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_json() {
        let value = Json::Object(vec![
            ("a", Json::Number(1.23456)),
            ("b", Json::Text("x\"\n".into())),
            ("c", Json::maybe(None)),
            ("d", Json::Number(f64::NAN)),
            ("e", Json::count(7)),
        ]);
        assert_eq!(value.to_string(), r#"{"a":1.235,"b":"x\"\u000a","c":null,"d":null,"e":7}"#);
    }
}
