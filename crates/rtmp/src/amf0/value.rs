//! The value type that AMF0 and AMF3 decode into (AMF0 section 2, AMF3 section 3).

/// One AMF value.
///
/// Objects are lists of pairs and never maps: keys such as `__proto__` stay plain data, order and duplicates survive.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A double; AMF3 integers become one too.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A string of any length; invalid UTF-8 was replaced by U+FFFD.
    String(String),
    /// An object, anonymous or typed (the class name is dropped: no class exists here).
    Object(Vec<(String, Value)>),
    /// Null.
    Null,
    /// Undefined, and AMF0's "unsupported".
    Undefined,
    /// An associative array; differs from an object only on the wire.
    EcmaArray(Vec<(String, Value)>),
    /// A dense array.
    StrictArray(Vec<Value>),
    /// Milliseconds since 1970 in UTC; the time zone is reserved and dropped.
    Date(f64),
    /// An XML document as text.
    Xml(String),
    /// An AMF3 byte array.
    ByteArray(Vec<u8>),
}

impl Value {
    /// The string, when it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, when it is one.
    pub const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth of a boolean; numbers count too because some clients send 0 and 1.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(truth) => Some(*truth),
            Self::Number(number) => Some(*number != 0.0),
            _ => None,
        }
    }

    /// The pairs of an object or associative array.
    pub fn properties(&self) -> Option<&[(String, Value)]> {
        match self {
            Self::Object(pairs) | Self::EcmaArray(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The first property of that name.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.properties()?.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// A string value.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// An object of these pairs.
    pub fn object<const N: usize>(pairs: [(&str, Value); N]) -> Self {
        Self::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }
}
