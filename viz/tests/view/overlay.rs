//! What is written over the picture: labels in any script, figures, cards, the machine and the bar of versions, without a
//! window.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use bevy::math::{URect, UVec2, Vec2};
use bevy::prelude::Text2d;
use cidgraph::{
    Component, Engine, GraphCommand, GraphId, GraphMetadata, GraphMutation, Key, NodeEntity, NodeId, NodeView,
    Properties, Snapshot, Value,
};
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};
use cidgraph_viz::app::{Action, MachineFonts, ViewerPlugin};
use cidgraph_viz::headless::{Adapter, HeadlessView, Picture};
use cidgraph_viz::scene::GraphScene;

use super::stage::{SIZE, is_there};

/// Opens a view of one node with a name, in its middle.
fn named(key: &str, fonts: MachineFonts) -> Option<HeadlessView> {
    let opened = HeadlessView::open_with(Adapter::Software, SIZE, |app| {
        app.add_plugins(ViewerPlugin).insert_resource(fonts);
    });
    let mut view = is_there(opened.as_ref()).then(|| opened.unwrap())?;
    let place = Properties::from([("x", Value::Int(0)), ("y", Value::Int(0))]);
    let components = vec![Component::new("Spatial", place), Component::new("Visual", [("size", Value::Float(8.0))])];
    let (id, key) = (NodeId::from_u64(1), Some(Key::from(key)));
    let node = NodeView { id, key, kind: "city".into(), version: 1, components };
    view.world().resource_mut::<GraphScene>().apply(GraphId::from_u64(1), 1, &GraphMutation::NodeAdded { node });
    view.frame();
    Some(view)
}

/// Draws one node with its name, by fonts that are found; returns the name as it was written too.
fn labelled(key: &str, fonts: MachineFonts) -> Option<(Picture, String)> {
    let mut view = named(key, fonts)?;
    let picture = view.picture();
    let world = view.world();
    let written = world.query::<&Text2d>().single(world).unwrap().0.clone();
    Some((picture, written))
}

#[test]
fn names_are_drawn_in_their_own_letters() {
    // Where a font lacks letters it has one and the same box for all of them.
    for (name, other) in [("Zürich", "Zärich"), ("Żółw", "Żołw"), ("Ωμέγα", "Ωμέλα"), ("Київ", "Киїз")]
    {
        let Some((picture, written)) = labelled(name, MachineFonts::default()) else { return };
        let found = if written == name { Ok(()) } else { Err(format!("a font that has the letters of {name}")) };
        if !is_there(found) {
            return;
        }
        let (other_picture, _) = labelled(other, MachineFonts::default()).unwrap();
        assert!(picture.difference(&other_picture, 24) > 0.0, "{name} does not look like {other}");
        let (boxes, _) = labelled(&"\u{e000}".repeat(name.chars().count()), MachineFonts::default()).unwrap();
        assert!(picture.difference(&boxes, 24) > 0.0, "{name} is not boxes");
    }
    let (_, written) = labelled("東京", MachineFonts::default()).unwrap();
    assert!(["東京", "DongJing"].contains(&&*written), "{written}");
}

#[test]
fn where_no_font_is_found_names_are_written_as_they_sound() {
    let without = || MachineFonts::of_folders(Vec::new());
    let Some((picture, written)) = labelled("Київ", without()) else { return };
    let (plain, _) = labelled("Kiiv", without()).unwrap();
    assert!(written == "Kiiv" && picture == plain, "{written}");
}

#[test]
fn names_stand_upright_above_nodes_that_are_seen_from_aside() {
    let Some(mut view) = named("NAME", MachineFonts::default()) else { return };
    let above = |picture: &Picture| {
        let is_white = |(x, y): &(u32, u32)| picture.pixel(*x, *y)[..3].iter().all(|channel| *channel > 150);
        let (middle, all) = (SIZE / 2, 0..SIZE.y / 2 - 8);
        let white: Vec<(u32, u32)> =
            all.flat_map(|y| (middle.x - 30..middle.x + 30).map(move |x| (x, y))).filter(is_white).collect();
        let size = |of: fn(&(u32, u32)) -> u32| {
            let ends = white.iter().map(of).min().zip(white.iter().map(of).max());
            ends.map_or(0, |(first, last)| last - first + 1)
        };
        [size(|at| at.0), size(|at| at.1)]
    };
    let flat = above(&view.picture());
    assert!(flat[0] > 20 && (5..14).contains(&flat[1]), "{flat:?}");
    view.world().write_message(Action::Orbit);
    view.frame();
    view.world().write_message(Action::Turn(Vec2::new(70.0, -20.0)));
    view.frame();
    let aside = above(&view.picture());
    let is_alike = flat.iter().zip(aside).all(|(flat, aside)| flat.abs_diff(aside) <= 1);
    assert!(is_alike, "as large, and as upright: {flat:?} {aside:?}");
}

/// Makes a store of one city and two streets; the city is a workflow.
fn write_store(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = Engine::new(Arc::new(MemoryStore::open(folder.join("store"), FsyncPolicy::Never).unwrap()));
        let graph = GraphId::named("Країна");
        let create = GraphCommand::CreateGraph { metadata: GraphMetadata::named("Країна") };
        engine.command(graph, create).await.unwrap();
        let list = |texts: &[&str]| Value::List(texts.iter().map(|text| Value::text(*text)).collect());
        let machine = [
            ("states", list(&["план", "lives"])),
            ("transitions", list(&["план -> lives"])),
            ("state", Value::text("lives")),
        ];
        let place = |x: i64| [("x", Value::Int(x)), ("y", Value::Int(0))];
        let city = NodeEntity::keyed(graph, "city", "Київ")
            .with("Spatial", place(0))
            .with("StateMachine", machine)
            .with("Rating", [("stars", Value::Int(5))]);
        engine.command(graph, GraphCommand::AddNode { node: city }).await.unwrap();
        for (key, x, stars) in [("Хрещатик", -40, 3), ("17", 40, 1)] {
            let key = key.parse().map_or_else(|_| Key::from(key), Key::Number);
            let street = NodeEntity::keyed(graph, "street", key)
                .with("Spatial", place(x))
                .with("Rating", [("stars", Value::Int(stars))]);
            engine.command(graph, GraphCommand::AddNode { node: street }).await.unwrap();
        }
        let model = engine.get_graph(graph).await.unwrap();
        Snapshot::write(model.view(), model.registry(), folder.join("graph.snapshot")).unwrap();
        engine.close().await;
    });
}

/// Makes the store of [`write_store`] in a folder of its own; `None` where no driver is installed that draws it.
fn drawable_store() -> Option<tempfile::TempDir> {
    let folder = is_there(Adapter::Software.open()).then(|| tempfile::tempdir().unwrap())?;
    write_store(folder.path());
    Some(folder)
}

/// Runs the program in a folder with a script.
fn run(folder: &Path, source: &str, script: &str, arguments: &[&str]) -> Output {
    fs::write(folder.join("script.txt"), script).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cidgraph-viz"));
    command.current_dir(folder).args([source, "--script", "script.txt", "--size", "640x360"]).args(arguments);
    command.output().unwrap()
}

/// Returns the share of pixels that differ within a part of two pictures.
fn difference(one: &Picture, other: &Picture, part: URect) -> f64 {
    let pixels = || (part.min.x..part.max.x).flat_map(|x| (part.min.y..part.max.y).map(move |y| (x, y)));
    let differing = pixels().filter(|(x, y)| one.pixel(*x, *y) != other.pixel(*x, *y)).count();
    #[expect(clippy::cast_precision_loss, reason = "a picture has few pixels")]
    let share = differing as f64 / pixels().count() as f64;
    share
}

const fn part(left: u32, top: u32, right: u32, bottom: u32) -> URect {
    URect { min: UVec2::new(left, top), max: UVec2::new(right, bottom) }
}

const FIGURES: URect = part(8, 6, 150, 40);
const LEGEND: URect = part(520, 6, 632, 50);
const CARD: URect = part(8, 250, 200, 330);
const BAR: URect = part(0, 342, 640, 360);
const RIGHT_OF_BAR: URect = part(400, 342, 640, 360);

const SESSION: &str = "screenshot plain.png\nsearch city:Київ\nscreenshot card.png\nselect 0 0\ncolor Rating.stars\n\
                       screenshot legend.png\ncolor\nversion 2\nscreenshot past.png\n";
const PICTURES: [&str; 4] = ["plain.png", "card.png", "legend.png", "past.png"];

#[test]
fn pictures_of_a_session_show_what_a_window_shows_where_that_is_asked_for() {
    let Some(folder) = drawable_store() else { return };
    let pictures = |arguments: &[&str]| {
        let output = run(folder.path(), "store", SESSION, &[&["--adapter", "software"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        PICTURES.map(|name| Picture::read_png(&folder.path().join(name)).unwrap())
    };
    let [graph, graph_card, _, graph_past] = pictures(&[]);
    let [plain, card, legend, past] = pictures(&["--overlay"]);
    assert!(difference(&graph, &plain, FIGURES) > 0.1 && difference(&graph, &plain, BAR) > 0.9, "figures and the bar");
    assert!(difference(&plain, &card, CARD) > 0.3, "the card of what is selected");
    assert!(difference(&plain, &legend, LEGEND) > 0.2, "the legend");
    assert_eq!(difference(&plain, &past, LEGEND), 0.0, "which goes with the colours");
    assert!(difference(&plain, &past, RIGHT_OF_BAR) > 0.9, "the bar ends at the version");
    let is_lit = |pixel: &&[u8]| pixel[0] > 180 && pixel[1] > 140 && pixel[2] < 140;
    assert!(graph_card.bytes.chunks(4).filter(is_lit).count() > 20, "the machine stands beside the node");
    assert_eq!(difference(&graph, &graph_past, BAR), 0.0, "without the option there is no bar");
    assert!(pictures(&["--overlay"]) == [plain, card, legend, past], "nothing in them is another each time");
}

#[test]
fn one_goes_to_a_node_by_kind_and_key_as_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    write_store(folder.path());
    let script = "go node:city:Київ\nstate\ngo node:street:17\nstate\ngo node:Хрещатик\nstate\ngo node:city:nobody\n\
                  go node:nobody\nsearch street:17\nstate\n";
    let output = run(folder.path(), "store", script, &["--adapter", "noop"]);
    let (printed, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let versions = printed.lines().filter_map(|line| line.strip_prefix("graph Країна version "));
    let versions: Vec<&str> = versions.map(|line| line.split(" nodes").next().unwrap()).collect();
    assert_eq!(versions, ["2 of 4", "4 of 4", "3 of 4", "3 of 4"], "{printed}{said}");
    assert!(said.contains("line 7: ") && said.contains("line 8: no node \"nobody\""), "{said}");
    assert!(said.contains("line 9: no node that is shown"), "the street came later: {said}");
}

#[test]
fn a_snapshot_says_that_it_has_one_version() {
    let Some(folder) = drawable_store() else { return };
    let script = "version 4\nlive\nscreenshot shown.png\nversion 1\nstep -1\nplay 1\ncompare 2\ngo 2\nstate\n";
    let output = run(folder.path(), "graph.snapshot", script, &["--adapter", "software", "--overlay"]);
    let (printed, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(said.matches("a snapshot has one version").count(), 5, "{said}");
    assert!(said.contains("cidgraph-viz: line 4: ") && output.status.code() == Some(1), "{said}");
    assert!(printed.starts_with("graph Країна version 4 of 4 nodes 3"), "{printed}");
    let shown = Picture::read_png(&folder.path().join("shown.png")).unwrap();
    let is_blue = |x: u32| shown.pixel(x, 351)[2] > shown.pixel(x, 351)[0].saturating_add(60);
    assert!(!(0..640).any(is_blue), "the bar is no time that has passed");
    let output = run(folder.path(), "graph.snapshot", "state\n", &["--adapter", "noop", "--at", "2"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("a snapshot has one version") && output.status.code() == Some(1), "{said}");
}

#[test]
fn every_version_has_the_same_state_wherever_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    write_store(folder.path());
    let states = |source: &str, script: &str, arguments: &[&str]| -> Vec<(String, String)> {
        let output = run(folder.path(), source, script, &[&["--adapter", "noop"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).unwrap();
        let graphs = printed.lines().filter_map(|line| line.strip_prefix("graph Країна version "));
        let states = graphs.filter_map(|line| line.split_once(' ').zip(line.split_once(" state ")));
        states.map(|((version, _), (_, state))| (version.to_owned(), state.to_owned())).collect()
    };
    let all = "state\nversion 3\nstate\nversion 2\nstate\nversion 0\nstate\nlive\nstate\n";
    let known = states("store", all, &[]);
    let versions: Vec<&str> = known.iter().map(|(version, _)| &**version).collect();
    assert_eq!(versions, ["4", "3", "2", "4"], "nothing has no state");
    assert!(known.iter().all(|(_, state)| state.len() == 64) && known[0] == known[3]);
    assert!(known[0].1 != known[1].1 && known[1].1 != known[2].1);
    assert_eq!(states("graph.snapshot", "state\n", &[]), known[..1]);
    assert_eq!(states("store", "state\nstep -1\nstate\n", &["--step", "2"]), [known[0].clone(), known[2].clone()]);
}

#[test]
fn names_come_back_with_the_versions_that_have_them() {
    let Some(folder) = drawable_store() else { return };
    let script =
        "version 2\nscreenshot before.png\nlive\nframes 3\nversion 0\nframes 3\nversion 2\nscreenshot after.png\n";
    let output = run(folder.path(), "store", script, &["--adapter", "software"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let [before, after] = ["before.png", "after.png"].map(|name| Picture::read_png(&folder.path().join(name)).unwrap());
    assert_eq!(before.difference(&after, 0), 0.0);
}

#[test]
fn a_damaged_snapshot_is_refused_before_it_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    write_store(folder.path());
    let whole = fs::read(folder.path().join("graph.snapshot")).unwrap();
    for at in (1..8).map(|part| whole.len() * part / 8) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(folder.path().join("damaged.snapshot"), damaged).unwrap();
        let output = run(folder.path(), "damaged.snapshot", "state\n", &["--adapter", "noop"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("damaged.snapshot: ") && output.status.code() == Some(2), "byte {at}: {said}");
    }
}
