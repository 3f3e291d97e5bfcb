//! Exports, read back by the importers and by the tools of the field.
#![expect(clippy::wildcard_enum_match_arm, reason = "what is not named here fails the test")]

use std::io::Write;
use std::process::{Command, Stdio};

use cidgraph::value::compare_names;
use cidgraph::{
    Cid, Component, EdgeEntity, EdgeId, EdgeView, GraphCommand, GraphId, HashKind, Key, Name, NodeEntity, NodeId,
    NodeView, Properties, Value,
};
use cidgraph_cli::export::{
    GraphSource, Listed, write_dot, write_edges_csv, write_graphml, write_jsonl, write_nodes_csv,
};
use cidgraph_cli::import::csv::{CsvFormat, CsvImport};
use cidgraph_cli::import::jsonl::JsonlImport;
use cidgraph_cli::import::{Import, ImportSource};
use proptest::prelude::*;

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_filter_map("finite", Value::float),
        any::<String>().prop_map(Value::from),
        "[0-9a-z\";|]{0,3}".prop_map(Value::from),
        any::<[u8; 3]>().prop_map(|bytes| Value::Bytes(bytes.into())),
        any::<[u8; 32]>().prop_map(|digest| Value::Link(Cid::from_digest(HashKind::Sha2_256, digest))),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Value::List))
}

fn properties() -> impl Strategy<Value = Properties> {
    prop::collection::vec(("[a-c]{1,2}", values()), 0..3).prop_map(|pairs| pairs.into_iter().collect())
}

fn keys() -> impl Strategy<Value = Option<Key>> {
    prop_oneof![
        Just(None),
        any::<i64>().prop_map(|number| Some(Key::Number(number))),
        "[0-9a-b\"'|,\n]{1,3}".prop_map(|text| Some(Key::from(text))),
    ]
}

fn graph_id() -> GraphId {
    GraphId::named("g")
}

fn nodes() -> impl Strategy<Value = Vec<NodeView>> {
    let components = prop::collection::btree_map("[A-C]", properties(), 0..3);
    let node = (keys(), "[P-Q]", components, any::<u64>(), 1_u64..9);
    prop::collection::vec(node, 1..6).prop_map(|nodes| {
        let mut views: Vec<NodeView> = Vec::new();
        for (key, kind, components, id, version) in nodes {
            let id = key.as_ref().map_or(NodeId::from_u64(id), |key| NodeId::of_key(graph_id(), &kind, key));
            let mut components: Vec<_> =
                components.into_iter().map(|(of, properties)| Component::new(of, properties)).collect();
            components.sort_by(|a, b| compare_names(&a.component_type, &b.component_type));
            if views.iter().all(|view| view.id != id) {
                views.push(NodeView { id, key, kind: Name::from(kind), version, components });
            }
        }
        views
    })
}

fn graphs() -> impl Strategy<Value = Listed> {
    let edge =
        (any::<prop::sample::Index>(), any::<prop::sample::Index>(), "[k-l]", properties(), any::<Option<u32>>());
    (nodes(), prop::collection::vec(edge, 0..5)).prop_map(|(nodes, edges)| {
        let edges = edges.into_iter().zip(1..).map(|((source, target, kind, properties, id), version)| EdgeView {
            id: id.map_or(EdgeId::engine_made(version, 0), |id| EdgeId::from_u64(u64::from(id))),
            kind: Name::from(kind),
            source: source.get(&nodes).id,
            target: target.get(&nodes).id,
            properties,
        });
        let edges = edges.collect();
        Listed::new("g", nodes, edges)
    })
}

/// Checks that the commands of an import make the graph again.
fn same(graph: &Listed, import: impl Import) {
    let (mut nodes, mut edges) = (Vec::new(), Vec::new());
    for transaction in import {
        for command in transaction.expect("an export is good input").commands {
            match command {
                GraphCommand::AddNode { node } => nodes.push(node),
                GraphCommand::ConnectEdge { edge } => edges.push(edge),
                other => panic!("no export says {other:?}"),
            }
        }
    }
    let expected: Vec<NodeEntity> = graph
        .nodes()
        .map(|node| NodeEntity { id: node.id, kind: node.kind, key: node.key, components: node.components })
        .collect();
    assert_eq!(nodes, expected);
    let expected: Vec<EdgeEntity> = graph
        .edges()
        .map(|edge| EdgeEntity {
            id: edge.id.as_engine_made().is_none().then_some(edge.id),
            kind: edge.kind,
            source: edge.source,
            target: edge.target,
            properties: edge.properties,
        })
        .collect();
    assert_eq!(edges, expected);
}

proptest! {
    #[test]
    fn what_jsonl_export_writes_import_reads(graph in graphs()) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        write_jsonl(&graph, &mut file.as_file()).expect("written");
        same(&graph, JsonlImport::open(ImportSource::new(graph_id()), file.path()).expect("opens"));
    }

    #[test]
    fn what_csv_export_writes_import_reads(graph in graphs()) {
        let folder = tempfile::tempdir().expect("a folder");
        let [nodes, edges] = ["nodes.csv", "edges.csv"].map(|name| folder.path().join(name));
        write_nodes_csv(&graph, &mut std::fs::File::create(&nodes).expect("made")).expect("written");
        write_edges_csv(&graph, &mut std::fs::File::create(&edges).expect("made")).expect("written");
        let format = CsvFormat { nodes: vec![nodes], edges: vec![edges], ..CsvFormat::default() };
        same(&graph, CsvImport::open(ImportSource::new(graph_id()), &format).expect("opens"));
    }
}

fn awkward() -> Listed {
    let alice = NodeEntity::keyed(graph_id(), "Person", "al\"ice <&>");
    let bob = NodeEntity::keyed(graph_id(), "Person", 7);
    let components = vec![Component::new(
        "Profile",
        [
            ("note", Value::text("a\u{1}b\n<c> \\N")),
            ("age", Value::Int(3)),
            ("ok", Value::Bool(true)),
            ("tags", Value::List(vec!["x".into()])),
        ],
    )];
    let view =
        |node: NodeEntity, components| NodeView { id: node.id, key: node.key, kind: node.kind, version: 2, components };
    let edge = EdgeView {
        id: EdgeId::engine_made(3, 0),
        kind: "knows".into(),
        source: alice.id,
        target: bob.id,
        properties: Properties::from([("kind", Value::Float(2.0)), ("w", Value::Null)]),
    };
    let age = vec![Component::new("Profile", [("age", Value::Float(1.5))])];
    Listed::new("g & co", vec![view(alice, components), view(bob, age)], vec![edge])
}

/// Runs a tool with text on its standard input; `None` with a printed reason where the tool is not there.
fn through(tool: &str, arguments: &[&str], input: &[u8]) -> Option<String> {
    let spawned = Command::new(tool).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        assert!(std::env::var_os("CI").is_none(), "{tool} is missing");
        eprintln!("skipped: {tool} is missing");
        return None;
    };
    child.stdin.take().expect("piped").write_all(input).expect("taken");
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success(), "{tool} refuses the export");
    Some(String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn networkx_reads_the_graphml() {
    let has = Command::new("python3").args(["-c", "import networkx"]).stderr(Stdio::null()).status();
    if !has.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "networkx is missing");
        eprintln!("skipped: networkx is missing");
        return;
    }
    let mut xml = Vec::new();
    write_graphml(&awkward(), &mut xml).expect("written");
    let script = "import sys, networkx\n\
                  graph = networkx.read_graphml(sys.stdin.buffer)\n\
                  print(graph.is_directed(), [data for _, data in graph.nodes(data=True)])\n\
                  print([data for _, _, data in graph.edges(data=True)])";
    let seen = through("python3", &["-c", script], &xml).expect("found above");
    let expected = concat!(
        r#"True [{'key': 'al"ice <&>', 'kind': 'Person', 'Profile.ok': True, 'Profile.age': 3.0, "#,
        r#"'Profile.note': 'ab\n<c> \\N', 'Profile.tags': '["x"]'}, "#,
        r#"{'key': '7', 'kind': 'Person', 'Profile.age': 1.5}]"#,
        "\n",
        r#"[{'kind': 'knows', '.kind': 2.0, 'id': '"#,
    );
    assert!(seen.starts_with(expected), "{seen}");
}

#[test]
fn graphviz_reads_the_dot() {
    let mut text = Vec::new();
    write_dot(&awkward(), &mut text).expect("written");
    let shown = String::from_utf8(text.clone()).expect("text");
    assert!(shown.contains(r#"[label="al\"ice <&>", kind="Person"]"#), "{shown}");
    if let Some(plain) = through("dot", &["-Tplain"], &text) {
        assert_eq!(plain.lines().filter(|line| line.starts_with("node ")).count(), 2);
    }
}
