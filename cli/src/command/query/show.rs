//! Answers as JSON objects and as rows.

use cidgraph::read_model::{Neighbor, PathView, Plan};
use cidgraph::{Answer, EdgeId, GraphReadModel, NodeId, NodeView};
use serde_json::{Value as Json, json};

use crate::failure::Failure;
use crate::json::{edge_object, node_object, write_properties};
use crate::output::Table;
use crate::session::Session;

/// The members of a component that a table shows.
const MEMBERS_SHOWN: usize = 8;

/// Prints an answer, at most `limit` rows of it.
///
/// # Errors
/// Where standard output fails; [`Failure::Damaged`] where the graph lacks what the answer names.
pub(super) fn print(
    session: &mut Session,
    model: &GraphReadModel,
    answer: Answer,
    limit: Option<usize>,
) -> Result<(), Failure> {
    let limit = limit.unwrap_or(usize::MAX);
    let mut rows = Rows { model, json: session.output.json, objects: Vec::new(), table: None };
    #[expect(clippy::wildcard_enum_match_arm, reason = "no subcommand asks for the others")]
    match answer {
        Answer::Nodes(page) => page.nodes.iter().for_each(|node| rows.node(node, None)),
        Answer::Count(count) => rows.add(|| json!({ "count": count }), &["count"], || vec![count.to_string()]),
        Answer::Neighbors(found) => found.iter().take(limit).for_each(|neighbor| rows.neighbor(neighbor)),
        Answer::Levels(found) => {
            found.iter().take(limit).try_for_each(|(node, steps)| rows.found(*node, "distance", json!(steps)))?;
        }
        Answer::Scores(found) => found.iter().try_for_each(|(node, rank)| rows.found(*node, "rank", json!(rank)))?,
        Answer::Path(path) => path.iter().try_for_each(|path| rows.path(path))?,
        Answer::Paths(paths) => paths.iter().take(limit).try_for_each(|path| rows.path(path))?,
        Answer::Groups(groups) => groups.iter().take(limit).try_for_each(|group| rows.group(group))?,
        other => unreachable!("no subcommand asks for {other:?}"),
    }
    let Rows { objects, table, .. } = rows;
    for object in objects {
        session.output.object(&object)?;
    }
    match table {
        Some(table) => session.output.table(&table)?,
        None if !session.output.json => session.output.line("nothing found")?,
        None => {}
    }
    Ok(())
}

/// Prints a plan.
///
/// # Errors
/// Where standard output fails.
pub(super) fn print_plan(session: &mut Session, plan: &Plan) -> Result<(), Failure> {
    match session.output.json {
        true => Ok(session.output.object(&plan_object(plan))?),
        false => Ok(session.output.line(plan.to_string().trim_end())?),
    }
}

fn plan_object(Plan { step, estimate, rows, inputs }: &Plan) -> Json {
    let inputs: Vec<Json> = inputs.iter().map(plan_object).collect();
    json!({ "step": step, "estimate": estimate, "rows": rows, "inputs": inputs })
}

struct Rows<'a> {
    model: &'a GraphReadModel,
    json: bool,
    objects: Vec<Json>,
    table: Option<Table>,
}

impl Rows<'_> {
    fn add(&mut self, object: impl FnOnce() -> Json, header: &[&str], row: impl FnOnce() -> Vec<String>) {
        if self.json {
            self.objects.push(object());
        } else {
            self.table.get_or_insert_with(|| Table::new(header)).row(row());
        }
    }

    /// Looks at a node of an answer. In a damaged file its id may lead elsewhere.
    fn view(&self, node: NodeId) -> Result<NodeView, Failure> {
        self.model.node(node).ok_or_else(|| lost("node", node))
    }

    fn node(&mut self, node: &NodeView, with: Option<(&str, Json)>) {
        let name = with.as_ref().map(|(name, _)| *name);
        let header: Vec<&str> = name.into_iter().chain(["kind", "key", "version", "components", "id"]).collect();
        let cells = || {
            let Json::Object(components) = node_object(node)["components"].take() else { return String::new() };
            components.iter().map(|(of, properties)| format!("{of} {properties}")).collect::<Vec<_>>().join(", ")
        };
        let object = || {
            let mut object = node_object(node);
            if let Some((name, value)) = &with {
                object[*name] = value.clone();
            }
            object
        };
        self.add(object, &header, || {
            let first = with.as_ref().map(|(_, value)| value.to_string());
            let rest = [node.kind.to_string(), key_of(node), node.version.to_string(), cells(), node.id.to_string()];
            first.into_iter().chain(rest).collect()
        });
    }

    fn found(&mut self, node: NodeId, name: &str, value: Json) -> Result<(), Failure> {
        let node = self.view(node)?;
        self.node(&node, Some((name, value)));
        Ok(())
    }

    fn neighbor(&mut self, Neighbor { edge, node }: &Neighbor) {
        let object = || json!({ "edge": edge_object(edge), "node": node_object(node) });
        self.add(object, &["edge", "way", "kind", "key", "properties", "edge id"], || {
            let way = if edge.target == node.id { "out" } else { "in" };
            let properties = write_properties(&edge.properties).to_string();
            let cells = [edge.kind.to_string(), way.to_owned(), node.kind.to_string(), key_of(node), properties];
            cells.into_iter().chain([edge.id.to_string()]).collect()
        });
    }

    fn path(&mut self, PathView { nodes, edges, cost }: &PathView) -> Result<(), Failure> {
        let nodes = nodes.iter().map(|node| self.view(*node)).collect::<Result<Vec<_>, _>>()?;
        let edge = |edge: &EdgeId| self.model.edge(*edge).ok_or_else(|| lost("edge", *edge));
        let edges = edges.iter().map(edge).collect::<Result<Vec<_>, _>>()?;
        let object = || {
            let nodes: Vec<Json> = nodes.iter().map(node_object).collect();
            let edges: Vec<Json> = edges.iter().map(edge_object).collect();
            json!({ "cost": cost, "nodes": nodes, "edges": edges })
        };
        self.add(object, &["cost", "steps", "path"], || {
            let names: Vec<String> = nodes.iter().map(named).collect();
            vec![cost.to_string(), edges.len().to_string(), names.join(" - ")]
        });
        Ok(())
    }

    fn group(&mut self, group: &[NodeId]) -> Result<(), Failure> {
        let shown = group.iter().take(MEMBERS_SHOWN);
        let members: Vec<String> = match self.json {
            true => group.iter().map(ToString::to_string).collect(),
            false => shown.map(|node| Ok(named(&self.view(*node)?))).collect::<Result<_, Failure>>()?,
        };
        let more = if group.len() > MEMBERS_SHOWN { ", …" } else { "" };
        let object = || json!({ "size": group.len(), "nodes": &members });
        self.add(object, &["size", "nodes"], || vec![group.len().to_string(), members.join(", ") + more]);
        Ok(())
    }
}

/// Makes the failure of an answer that names what the graph does not have.
fn lost(what: &str, id: impl std::fmt::Display) -> Failure {
    Failure::Damaged { reason: format!("the graph is damaged: it has no {what} {id}, which an answer names") }
}

fn key_of(node: &NodeView) -> String {
    node.key.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn named(node: &NodeView) -> String {
    node.key.as_ref().map_or_else(|| node.id.to_string(), |key| format!("{}:{key}", node.kind))
}
