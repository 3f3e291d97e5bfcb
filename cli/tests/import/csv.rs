//! CSV files: what their headers say, what becomes of their rows, and how bad ones are named.

use cidgraph::{Key, NodeId};
use cidgraph_cli::import::csv::{CsvFormat, CsvImport};
use cidgraph_cli::import::{ImportError, ImportSource, Transaction};

use crate::{Model, graph, refused, source, with_file};

fn csv_of(files: &[(&str, &str)], skip_bad: u64) -> Result<Vec<Transaction>, ImportError> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut format = CsvFormat::default();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        if name.contains('_') { format.edges.push(path) } else { format.nodes.push(path) }
    }
    CsvImport::open(ImportSource { skip_bad, ..source() }, &format)?.collect()
}

#[test]
fn typed_headers_say_what_a_column_is() {
    let transactions = csv_of(
        &[
            (
                "people.csv",
                "id:ID(Person),name,score:int,Visual.color:string,tags:string[]\na,\"A, B\",3,blue,x;y\nb,,,,\n",
            ),
            ("a_knows_b.csv", ":START_ID(Person),:END_ID(Person),since:float,:TYPE\na,b,1,likes\nb,a,,\n"),
        ],
        0,
    )
    .expect("good");
    let model = Model::of(&transactions);
    let a = &model.nodes[&NodeId::of_key(graph(), "Person", &Key::from("a"))];
    let shown: Vec<String> = a.components.iter().map(|c| format!("{} {:?}", c.component_type, c.properties)).collect();
    assert_eq!(shown, [r#"Person {"name": "A, B", "tags": ["x", "y"], "score": 3}"#, r#"Visual {"color": "blue"}"#]);
    let kinds: Vec<&str> = model.edges.iter().map(|(_, kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["likes", "knows"]);
}

#[test]
fn a_file_of_many_values_becomes_lists() {
    let transactions = csv_of(
        &[
            ("person_0_0.csv".replace('_', "-").as_str(), "id|name\n1|a\n2|b\n"),
            ("mail.csv", "Person.id|email\n1|x\n2|y\n1|z\n"),
        ],
        0,
    );
    let shown = format!("{:?}", transactions.expect("good"));
    assert!(shown.contains(r#"{"email": ["x", "z"]}"#) && shown.contains(r#"{"email": ["y"]}"#), "{shown}");
}

#[test]
fn a_bad_record_is_named_with_line_and_column() {
    let nodes = |content: &str| csv_of(&[("n.csv", content)], 0);
    refused(nodes(""), "n.csv:1: expected a header, found nothing");
    refused(nodes("id:ID,score:int\n1,x\n"), r#"n.csv:2:2: expected an integer of 64 bits for score, found "x""#);
    refused(nodes("id:ID,a,a\n"), r#"n.csv:1:3: expected a column name that does not stand twice, found "a""#);
    refused(nodes("id|a|a\n"), r#"n.csv:1:3: expected a column name that does not stand twice, found "a""#);
    refused(nodes("id,a\n1\n"), r#"n.csv:2:2: expected 2 fields, found "1""#);
    refused(nodes("id,a\n,2\n"), "n.csv:2: expected the id of a node, found nothing");
    let long = format!("id,a\n1,{}\n", "x".repeat(10_000_000));
    let error = nodes(&long).expect_err("long").to_string();
    assert!(error.contains("n.csv:2: expected a line of at most 1048576 bytes") && error.len() < 400, "{error}");
    let good = Model::of(&csv_of(&[("n.csv", &format!("{long}2,y\n"))], 1).expect("one may be bad"));
    assert_eq!(good.nodes.len(), 1);
    let garbage = with_file("n.csv", &[0x80, 0x81, b'\n', 0, 1], |path| {
        CsvImport::open(source(), &CsvFormat { nodes: vec![path.to_owned()], ..CsvFormat::default() })
    });
    refused(garbage, "n.csv:1:1: expected UTF-8 text, found \"\u{fffd}\u{fffd}\"");
}
