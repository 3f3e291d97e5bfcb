//! The language of `--where`: `color = "blue" and (score > 10 or not exists Visual.size)`.
//!
//! Comparisons are `=`, `!=`, `<`, `<=`, `>`, `>=`, `in (…)` and `exists`; they are joined by `and`, `or`, `not` and
//! parentheses. Values are JSON's: text in double or single quotes, numbers, `true`, `false`, `null`. A property stands
//! alone or after its component's type and a point.

use std::fmt;
use std::ops::Range;

use cidgraph::{Name, Value};

/// A condition on a node's components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All of them hold.
    And(Vec<Self>),
    /// One of them holds.
    Or(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// The node has the property, whatever its value.
    Exists(PropertyPath),
    /// The node has the property and its value stands so to the given one.
    Compare {
        /// The property.
        property: PropertyPath,
        /// How it must stand to the value.
        comparison: Comparison,
        /// The value.
        value: Value,
    },
}

/// A property, of a component of any type or of a named one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyPath {
    /// The component's type, where it is named.
    pub component: Option<Name>,
    /// The property's name.
    pub property: Name,
}

/// How a property's value must stand to a given one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It is the same.
    Equal,
    /// It is there and another.
    NotEqual,
    /// It is less.
    Less,
    /// It is less or the same.
    LessOrEqual,
    /// It is greater.
    Greater,
    /// It is greater or the same.
    GreaterOrEqual,
}

/// Text that is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--where, column {column}: expected {expected}, found {found}")]
pub struct FilterError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What should stand there.
    pub expected: &'static str,
    /// What stands there.
    pub found: String,
}

impl Filter {
    /// Reads a condition.
    ///
    /// # Errors
    /// Where the text is none; the error names the column and what was expected.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut parser = Parser { text, tokens: scan(text)?, next: 0, depth: 0 };
        let filter = parser.any_of()?;
        if *parser.peek() != Token::End {
            return Err(parser.expected("and, or, or the end"));
        }
        Ok(filter)
    }
}

/// Parentheses and `not` within each other, at most.
const DEPTH_MAX: usize = 64;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Literal(Value),
    Compare(Comparison),
    Open,
    Close,
    Comma,
    End,
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].0
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(have) if have.eq_ignore_ascii_case(word));
        if found {
            self.advance();
        }
        found
    }

    fn take(&mut self, token: &Token, expected: &'static str) -> Result<(), FilterError> {
        if self.peek() != token {
            return Err(self.expected(expected));
        }
        self.advance();
        Ok(())
    }

    fn expected(&self, expected: &'static str) -> FilterError {
        error(self.text, &self.tokens[self.next].1, expected)
    }

    fn any_of(&mut self) -> Result<Filter, FilterError> {
        let mut parts = vec![self.all_of()?];
        while self.take_word("or") {
            parts.push(self.all_of()?);
        }
        Ok(joined(parts, Filter::Or))
    }

    fn all_of(&mut self) -> Result<Filter, FilterError> {
        let mut parts = vec![self.one()?];
        while self.take_word("and") {
            parts.push(self.one()?);
        }
        Ok(joined(parts, Filter::And))
    }

    fn one(&mut self) -> Result<Filter, FilterError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.expected("at most 64 parentheses within each other"));
        }
        let filter = if self.take_word("not") {
            Filter::Not(Box::new(self.one()?))
        } else if *self.peek() == Token::Open {
            self.advance();
            let inner = self.any_of()?;
            self.take(&Token::Close, "and, or, or a closing parenthesis")?;
            inner
        } else if self.take_word("exists") {
            Filter::Exists(self.property()?)
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn property(&mut self) -> Result<PropertyPath, FilterError> {
        let Token::Word(word) = self.peek() else { return Err(self.expected("a property")) };
        let path = match word.split_once('.') {
            Some((component, property)) => {
                PropertyPath { component: Some(Name::new(component)), property: Name::new(property) }
            }
            None => PropertyPath { component: None, property: Name::new(word) },
        };
        if path.property.is_empty() || path.component.as_ref().is_some_and(|name| name.is_empty()) {
            return Err(self.expected("a property"));
        }
        self.advance();
        Ok(path)
    }

    fn comparison(&mut self) -> Result<Filter, FilterError> {
        let property = self.property()?;
        if self.take_word("in") {
            return self.membership(property);
        }
        let Token::Compare(comparison) = *self.peek() else {
            return Err(self.expected("one of = != < <= > >= in"));
        };
        self.advance();
        Ok(Filter::Compare { property, comparison, value: self.value()? })
    }

    fn membership(&mut self, property: PropertyPath) -> Result<Filter, FilterError> {
        self.take(&Token::Open, "an opening parenthesis")?;
        let mut parts = Vec::new();
        loop {
            let value = self.value()?;
            parts.push(Filter::Compare { property: property.clone(), comparison: Comparison::Equal, value });
            if *self.peek() != Token::Comma {
                break;
            }
            self.advance();
        }
        self.take(&Token::Close, "a comma or a closing parenthesis")?;
        Ok(joined(parts, Filter::Or))
    }

    fn value(&mut self) -> Result<Value, FilterError> {
        let value = match self.peek() {
            Token::Literal(value) => value.clone(),
            Token::Word(word) if word == "true" => Value::Bool(true),
            Token::Word(word) if word == "false" => Value::Bool(false),
            Token::Word(word) if word == "null" => Value::Null,
            Token::Word(_) | Token::Compare(_) | Token::Open | Token::Close | Token::Comma | Token::End => {
                return Err(self.expected("a value: a number, \"text\", true, false or null"));
            }
        };
        self.advance();
        Ok(value)
    }
}

fn joined(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}

fn error(text: &str, at: &Range<usize>, expected: &'static str) -> FilterError {
    let column = text[..at.start].chars().count() + 1;
    let found = &text[at.clone()];
    let found = if found.is_empty() { "the end".to_owned() } else { crate::import::clip(found.as_bytes()) };
    FilterError { column, expected, found }
}

fn scan(text: &str) -> Result<Vec<(Token, Range<usize>)>, FilterError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = scan_token(text, at, first)?;
        tokens.push((token, at..at + length));
        at += length;
    }
    tokens.push((Token::End, text.len()..text.len()));
    Ok(tokens)
}

fn scan_token(text: &str, at: usize, first: char) -> Result<(Token, usize), FilterError> {
    let rest = &text[at..];
    let symbol = |token, length| Ok((token, length));
    match first {
        '(' => symbol(Token::Open, 1),
        ')' => symbol(Token::Close, 1),
        ',' => symbol(Token::Comma, 1),
        '=' if rest.starts_with("==") => symbol(Token::Compare(Comparison::Equal), 2),
        '=' => symbol(Token::Compare(Comparison::Equal), 1),
        '!' if rest.starts_with("!=") => symbol(Token::Compare(Comparison::NotEqual), 2),
        '<' if rest.starts_with("<=") => symbol(Token::Compare(Comparison::LessOrEqual), 2),
        '<' if rest.starts_with("<>") => symbol(Token::Compare(Comparison::NotEqual), 2),
        '<' => symbol(Token::Compare(Comparison::Less), 1),
        '>' if rest.starts_with(">=") => symbol(Token::Compare(Comparison::GreaterOrEqual), 2),
        '>' => symbol(Token::Compare(Comparison::Greater), 1),
        '"' | '\'' => scan_text(text, at, first),
        _ if first.is_ascii_digit() || first == '-' => scan_number(text, at),
        _ if is_word(first) => {
            let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
            symbol(Token::Word(rest[..length].to_owned()), length)
        }
        _ => Err(error(text, &(at..at + first.len_utf8()), "a property, a comparison or a value")),
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.' | '-' | ':' | '/')
}

fn scan_text(text: &str, at: usize, quote: char) -> Result<(Token, usize), FilterError> {
    let mut content = String::new();
    let mut characters = text[at + 1..].char_indices();
    while let Some((offset, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, 'n')) => content.push('\n'),
                Some((_, 't')) => content.push('\t'),
                Some((_, escaped @ ('\\' | '"' | '\''))) => content.push(escaped),
                _ => return Err(error(text, &(at + 1 + offset..text.len()), r#"one of \n \t \\ \" \'"#)),
            },
            _ if character == quote => return Ok((Token::Literal(Value::text(content)), offset + 2)),
            _ => content.push(character),
        }
    }
    Err(error(text, &(text.len()..text.len()), "the closing quote"))
}

fn scan_number(text: &str, at: usize) -> Result<(Token, usize), FilterError> {
    let rest = &text[at..];
    let digit = |byte: char| byte.is_ascii_alphanumeric() || matches!(byte, '.' | '-' | '+' | '_');
    let length = rest.find(|character| !digit(character)).unwrap_or(rest.len());
    let number = &rest[..length];
    let value = match number.parse::<i64>() {
        Ok(number) => Some(Value::Int(number)),
        Err(_) => number.parse::<f64>().ok().and_then(Value::float),
    };
    value
        .map(|value| (Token::Literal(value), length))
        .ok_or_else(|| error(text, &(at..at + length), "a number such as 10 or 2.5"))
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.component {
            Some(component) => write!(f, "{component}.{}", self.property),
            None => f.write_str(&self.property),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |parts: &[Self], f: &mut fmt::Formatter<'_>, word: &str| {
            f.write_str("(")?;
            for (index, part) in parts.iter().enumerate() {
                write!(f, "{}{part}", if index == 0 { "" } else { word })?;
            }
            f.write_str(")")
        };
        match self {
            Self::And(parts) => list(parts, f, " and "),
            Self::Or(parts) => list(parts, f, " or "),
            Self::Not(inner) => write!(f, "not {inner}"),
            Self::Exists(property) => write!(f, "exists {property}"),
            Self::Compare { property, comparison, value } => write!(f, "{property} {comparison} {value:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(text: &str, expected: &str) {
        let filter = Filter::parse(text).expect(text);
        assert_eq!(filter.to_string(), expected);
        assert_eq!(Filter::parse(expected).expect(expected), filter);
    }

    #[test]
    fn conditions_are_read() {
        reads(r#"color = "blue" and score > 10"#, r#"(color = "blue" and score > 10)"#);
        reads("a=1 or b=2 and not c=3", "(a = 1 or (b = 2 and not c = 3))");
        reads("(a=1 or b=2) and c<=-3.5", "((a = 1 or b = 2) and c <= -3.5)");
        reads("Visual.color != 'it\\'s'", r#"Visual.color != "it's""#);
        reads("exists Visual.size AND NOT exists x", "(exists Visual.size and not exists x)");
        reads("a in (1, 2.0, null)", "(a = 1 or a = 2.0 or a = null)");
        reads("größe >= 1e3", "größe >= 1000.0");
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        assert_eq!(Filter::parse(text).expect_err("refused").to_string(), format!("--where, column {expected}"));
    }

    #[test]
    fn what_is_no_condition_is_refused_with_its_column() {
        refused("", "1: expected a property, found the end");
        refused("color", "6: expected one of = != < <= > >= in, found the end");
        refused("color = ", r#"9: expected a value: a number, "text", true, false or null, found the end"#);
        refused("ü = blue", r#"5: expected a value: a number, "text", true, false or null, found "blue""#);
        refused("a = 1 b = 2", r#"7: expected and, or, or the end, found "b""#);
        refused("(a = 1", "7: expected and, or, or a closing parenthesis, found the end");
        refused("a = 'x", "7: expected the closing quote, found the end");
        refused("a = 1x", r#"5: expected a number such as 10 or 2.5, found "1x""#);
        refused("a & b", r#"3: expected a property, a comparison or a value, found "&""#);
        refused(".a = 1", r#"1: expected a property, found ".a""#);
        assert!(Filter::parse(&"(".repeat(100_000)).is_err());
    }
}
