//! What the first line of a CSV file says: the role of the file and of each of its columns.

use std::collections::BTreeSet;
use std::path::Path;

use cidgraph::Name;

use crate::import::field::FieldForm;
use crate::import::{ImportError, SourcePosition};

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileRole {
    /// Nodes.
    Nodes,
    /// One value a row of a multi-valued property of nodes of this kind.
    Lists(Name),
    /// Edges.
    Edges,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// The key of a node, of a kind of its own where the header names one.
    Id(Option<Name>),
    /// The id of a node without a key.
    Uuid,
    /// The kind of a node.
    Label,
    /// The key of an edge's source, of the kind that the header names.
    StartId(Option<Name>),
    /// The key of an edge's target.
    EndId(Option<Name>),
    /// The kind of an edge's source; where it is empty, the key is an id.
    StartLabel,
    /// The kind of an edge's target.
    EndLabel,
    /// The kind of an edge.
    Type,
    /// The id of an edge.
    EdgeUuid,
    /// Nothing of interest.
    Ignored,
    /// Whether the node has a component of this type, which may have no properties.
    Component(Name),
    /// A property: of the named component, or of the one that is named after the kind.
    Property {
        /// The component's type.
        component: Option<Name>,
        /// The property's name.
        name: Name,
        /// The form, where the header declares it.
        form: Option<FieldForm>,
    },
}

/// A file's first line, understood.
#[derive(Debug, Clone)]
pub struct Header {
    /// What the file holds.
    pub role: FileRole,
    /// The kind of what it holds, where no column says it.
    pub kind: Name,
    /// The columns.
    pub columns: Vec<Column>,
}

impl Header {
    /// Understands the fields of a first line; `lists` are the columns to be split, `column` or `Kind.column`.
    ///
    /// # Errors
    /// [`ImportError::BadLine`] where a name stands twice, a type is unknown, or the columns make neither nodes nor
    /// edges.
    pub fn read(
        fields: &[String],
        position: &SourcePosition,
        file: &Path,
        lists: &[String],
    ) -> Result<Self, ImportError> {
        let stem = file_stem(file);
        if let Some(index) = fields.iter().position(String::is_empty) {
            return Err(ImportError::bad(position.at(index as u64 + 1), "a column name", ""));
        }
        if fields.iter().any(|field| field.contains(':')) {
            return Self::read_typed(fields, position, &stem);
        }
        let ends = fields.iter().take_while(|field| end_kind(field).is_some()).count();
        let kind = |field: &str| end_kind(field).map(Name::new);
        let mut columns = vec![Column::Ignored; fields.len()];
        let (role, name, from) = match (ends, fields) {
            (1, [node, _, ..]) => {
                columns[0] = Column::Id(None);
                let kind = kind(node).expect("counted");
                (FileRole::Lists(kind.clone()), kind, 1)
            }
            (2.., [source, target, ..]) => {
                columns[0] = Column::StartId(kind(source));
                columns[1] = Column::EndId(kind(target));
                (FileRole::Edges, relation_name(&stem), 2)
            }
            (0, [first, second, ..]) if is_source(first) && is_target(second) => {
                columns[0] = Column::StartId(None);
                columns[1] = Column::EndId(None);
                (FileRole::Edges, relation_name(&stem), 2)
            }
            (0, [first, ..]) if first.eq_ignore_ascii_case("id") => {
                columns[0] = Column::Id(None);
                (FileRole::Nodes, capitalized(&stem), 1)
            }
            _ => {
                let expected = "a first column id, name:ID, Kind.id, source or :START_ID";
                return Err(ImportError::bad(position.at(1), expected, fields.first().map_or("", String::as_str)));
            }
        };
        let mut names = BTreeSet::new();
        for (index, field) in fields.iter().enumerate().skip(from) {
            if !names.insert(field) {
                return Err(twice(position, index, field));
            }
            let listed = lists.iter().any(|list| list == field || *list == format!("{name}.{field}"));
            let form = listed.then_some(FieldForm::List(';'));
            columns[index] = Column::Property { component: None, name: Name::new(field), form };
        }
        Ok(Self { role, kind: name, columns })
    }

    fn read_typed(fields: &[String], position: &SourcePosition, stem: &str) -> Result<Self, ImportError> {
        let mut names = BTreeSet::new();
        let mut columns = Vec::with_capacity(fields.len());
        for (index, field) in fields.iter().enumerate() {
            if !names.insert(field) {
                return Err(twice(position, index, field));
            }
            let column = typed_column(field).ok_or_else(|| {
                let expected = "a type: ID, UUID, LABEL, START_ID, END_ID, START_LABEL, END_LABEL, TYPE, EDGE_UUID, \
                                IGNORE, component, int, float, bool, string, json, or one of the last four and []";
                ImportError::bad(position.at(index as u64 + 1), expected, field)
            })?;
            columns.push(column);
        }
        let has = |wanted: fn(&Column) -> bool| columns.iter().filter(|column| wanted(column)).count();
        let ids = has(|column| matches!(column, Column::Id(_)));
        let starts = has(|column| matches!(column, Column::StartId(_)));
        let ends = has(|column| matches!(column, Column::EndId(_)));
        match (ids, starts, ends) {
            (1, 0, 0) => {
                let space =
                    columns.iter().find_map(|column| if let Column::Id(space) = column { space.clone() } else { None });
                Ok(Self { role: FileRole::Nodes, kind: space.unwrap_or_else(|| capitalized(stem)), columns })
            }
            (0, 1, 1) => Ok(Self { role: FileRole::Edges, kind: relation_name(stem), columns }),
            _ => Err(ImportError::bad(
                position.clone(),
                "one column :ID, or one :START_ID and one :END_ID",
                fields.join(", "),
            )),
        }
    }

    /// Returns the kinds that plain headers name as ends, in their spelling.
    pub fn named_kinds(&self) -> Vec<Name> {
        let mut kinds = match &self.role {
            FileRole::Lists(kind) => vec![kind.clone()],
            FileRole::Nodes | FileRole::Edges => Vec::new(),
        };
        for column in &self.columns {
            if let Column::StartId(Some(kind)) | Column::EndId(Some(kind)) = column {
                kinds.push(kind.clone());
            }
        }
        kinds
    }
}

fn twice(position: &SourcePosition, index: usize, field: &str) -> ImportError {
    ImportError::bad(position.at(index as u64 + 1), "a column name that does not stand twice", field)
}

fn typed_column(field: &str) -> Option<Column> {
    let Some((name, of)) = field.rsplit_once(':') else {
        return Some(property(field, None));
    };
    let (of, space) = match of.split_once('(') {
        Some((of, space)) => (of, Some(Name::new(space.strip_suffix(')')?))),
        None => (of, None),
    };
    let form = |form| Some(property(name, Some(form)));
    match of {
        "ID" => Some(Column::Id(space)),
        "UUID" => Some(Column::Uuid),
        "LABEL" => Some(Column::Label),
        "START_ID" => Some(Column::StartId(space)),
        "END_ID" => Some(Column::EndId(space)),
        "START_LABEL" => Some(Column::StartLabel),
        "END_LABEL" => Some(Column::EndLabel),
        "TYPE" => Some(Column::Type),
        "EDGE_UUID" => Some(Column::EdgeUuid),
        "IGNORE" => Some(Column::Ignored),
        "component" => Some(Column::Component(Name::new(name))),
        "int" | "long" => form(FieldForm::Int),
        "float" | "double" => form(FieldForm::Float),
        "bool" | "boolean" => form(FieldForm::Bool),
        "string" => form(FieldForm::Text),
        "json" => form(FieldForm::Json),
        "string[]" => form(FieldForm::List(';')),
        _ => None,
    }
}

fn property(name: &str, form: Option<FieldForm>) -> Column {
    let (component, name) = match name.split_once('.') {
        Some((component, name)) if !component.is_empty() => (Some(Name::new(component)), Name::new(name)),
        _ => (None, Name::new(name)),
    };
    Column::Property { component, name, form }
}

/// Returns the kind of a plain end column: `Person` of `Person.id`.
fn end_kind(field: &str) -> Option<&str> {
    field.strip_suffix(".id").filter(|kind| !kind.is_empty())
}

fn is_source(field: &str) -> bool {
    ["source", "src", "from", "start"].iter().any(|name| field.eq_ignore_ascii_case(name))
}

fn is_target(field: &str) -> bool {
    ["target", "dst", "to", "end"].iter().any(|name| field.eq_ignore_ascii_case(name))
}

/// Returns a file's name without folder, extensions and the part numbers of LDBC's (`_0_0`).
fn file_stem(file: &Path) -> String {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut stem = name.split('.').next().unwrap_or_default();
    while let Some((head, number)) = stem.rsplit_once('_') {
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        stem = head;
    }
    stem.to_owned()
}

/// Returns the edge kind that a file's stem names: `knows` of `person_knows_person`, otherwise all of it.
fn relation_name(stem: &str) -> Name {
    match stem.split('_').collect::<Vec<_>>().as_slice() {
        [_, relation, _] => Name::new(relation),
        _ => Name::new(stem),
    }
}

fn capitalized(stem: &str) -> Name {
    let mut characters = stem.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => Name::new_static("Node"),
    }
}
