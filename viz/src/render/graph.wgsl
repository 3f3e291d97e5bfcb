// Nodes and edges of every group, pulled from storage buffers: vertex `v` of element `instance + v / vertices`.
// The records are those of `scene/record.rs`.

// What a picture needs, fixed when the pipeline is made: on processors both sides of a branch are computed.
// There is one group, whose record is in the view; `clip_from_world` then begins in the group's space.
override ONE_GROUP: bool = false;
// Nodes are on their way from their origins.
override MOVES: bool = true;
// A group is compared with another version.
override COMPARES: bool = true;
// A past is shown in which nodes may have been otherwise.
override LOOKS_BACK: bool = true;
// What is nearer hides what is behind it.
override HAS_DEPTH: bool = true;

struct View {
    clip_from_world: mat4x4<f32>,
    // Pixels.
    viewport: vec2<f32>,
    // Pixels that a unit of the world is long where w is 1.
    scale: f32,
    // How far nodes are on their way from their origins.
    way: f32,
    // Of the edges, every so-manieth is drawn.
    edge_stride: u32,
    edge_opacity: f32,
    // Pixels.
    radius_min: f32,
    radius_max: f32,
    // Those of the one group.
    version: u32,
    compare: u32,
    group_scale: f32,
    padding: u32,
}

struct Group {
    world_from_group: mat4x4<f32>,
    version: u32,
    compare: u32,
    scale: f32,
    padding: u32,
}

struct Node {
    color: u32,
    bits: u32,
    birth: u32,
    death: u32,
}

struct Edge {
    source: u32,
    to_node: u32,
    color: u32,
    bits: u32,
    birth: u32,
    death: u32,
}

struct Head {
    given_x: f32,
    given_y: f32,
    given_z: f32,
    since: u32,
    newest: u32,
}

struct Past {
    x: f32,
    y: f32,
    z: f32,
    radius: f32,
    color: u32,
    bits: u32,
    node: u32,
    since: u32,
    before: u32,
    skip: u32,
}

const NO_VERSION: u32 = 0xffffffffu;
const NO_RECORD: u32 = 0xffffffffu;
const SELECTED: u32 = 0x100u;
const HIGHLIGHTED: u32 = 0x200u;
const DIMMED: u32 = 0x400u;
const HIDDEN: u32 = 0x800u;
const PLACED: u32 = 0x1000u;
const PAINTED: u32 = 0x2000u;
const SIZED: u32 = 0x4000u;

// Of a past: the node had a place of its own.
const WAS_PLACED: u32 = 0x100u;

const ADDED: vec3<f32> = vec3<f32>(0.16, 0.8, 0.3);
const REMOVED: vec3<f32> = vec3<f32>(0.92, 0.2, 0.2);
const BRIGHT: vec3<f32> = vec3<f32>(1.0, 1.0, 1.0);

// Behind every plane, so that what has this place is never drawn.
const NOWHERE: vec4<f32> = vec4<f32>(2.0, 2.0, 2.0, 1.0);

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<storage, read> groups: array<Group>;
@group(0) @binding(2) var<storage, read> places: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> origins: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> nodes: array<Node>;
@group(0) @binding(5) var<storage, read> edges: array<Edge>;
@group(0) @binding(6) var<storage, read> heads: array<Head>;
@group(0) @binding(7) var<storage, read> pasts: array<Past>;
// The slots of edges whose ends are one node.
@group(0) @binding(8) var<storage, read> loops: array<u32>;

fn place_of(node: u32) -> vec4<f32> {
    if MOVES {
        return mix(origins[node], places[node], view.way);
    }
    return places[node];
}

fn clip_of(group: u32, place: vec3<f32>) -> vec4<f32> {
    if ONE_GROUP {
        return view.clip_from_world * vec4<f32>(place, 1.0);
    }
    return view.clip_from_world * (groups[group].world_from_group * vec4<f32>(place, 1.0));
}

fn version_of(group: u32) -> u32 {
    if ONE_GROUP {
        return view.version;
    }
    return groups[group].version;
}

fn compare_of(group: u32) -> u32 {
    if ONE_GROUP {
        return view.compare;
    }
    return groups[group].compare;
}

fn scale_of(group: u32) -> f32 {
    if ONE_GROUP {
        return view.group_scale;
    }
    return groups[group].scale;
}

fn lives(birth: u32, death: u32, version: u32) -> bool {
    return birth <= version && version < death;
}

// Whether a record is still the node's and older than a version: the ring is written over.
fn is_older(at: u32, node: u32, since: u32) -> bool {
    if at == NO_RECORD {
        return false;
    }
    return pasts[at].node == node && pasts[at].since < since;
}

// The record of how a node was at a version, or none: as `Chronicle::find`.
fn past_of(node: u32, version: u32) -> u32 {
    let newest = heads[node].newest;
    if version >= heads[node].since || !is_older(newest, node, heads[node].since) {
        return NO_RECORD;
    }
    var at = newest;
    loop {
        let since = pasts[at].since;
        if since <= version {
            break;
        }
        let skip = pasts[at].skip;
        let before = pasts[at].before;
        if is_older(skip, node, since) && pasts[skip].since > version {
            at = skip;
        } else if is_older(before, node, since) {
            at = before;
        } else {
            break;
        }
    }
    return at;
}

// How a node is at its group's version.
struct Standing {
    place: vec4<f32>,
    color: u32,
    bits: u32,
}

fn standing_of(slot: u32) -> Standing {
    let node = nodes[slot];
    var standing = Standing(place_of(slot), node.color, node.bits);
    if LOOKS_BACK {
        let version = version_of(node.bits >> 16u);
        var at = NO_RECORD;
        // What came later is not drawn, unless it is compared with.
        if COMPARES || node.birth <= version {
            at = past_of(slot, version);
        }
        if at != NO_RECORD {
            let past = pasts[at];
            standing.bits = (node.bits & ~0xffu) | (past.bits & 0xffu);
            if (node.bits & PAINTED) == 0u {
                standing.color = past.color;
            }
            if (node.bits & SIZED) == 0u {
                standing.place.w = past.radius;
            }
            if (past.bits & WAS_PLACED) != 0u {
                standing.place = vec4<f32>(past.x, past.y, past.z, standing.place.w);
            } else if (node.bits & PLACED) != 0u {
                let head = heads[slot];
                standing.place = vec4<f32>(head.given_x, head.given_y, head.given_z, standing.place.w);
            }
        }
    }
    return standing;
}

// The colour in which an element of a group is shown; without opacity where it is not.
fn color_of(color: u32, bits: u32, birth: u32, death: u32, group: u32) -> vec4<f32> {
    var shown = unpack4x8unorm(color);
    let now = lives(birth, death, version_of(group));
    if COMPARES && compare_of(group) != NO_VERSION {
        let before = lives(birth, death, compare_of(group));
        if now && before {
            shown.a *= 0.3;
        } else if now {
            shown = vec4<f32>(ADDED, shown.a);
        } else if before {
            shown = vec4<f32>(REMOVED, shown.a);
        } else {
            shown.a = 0.0;
        }
    } else {
        shown.a = select(0.0, shown.a, now);
    }
    if (bits & DIMMED) != 0u {
        shown.a *= 0.15;
    }
    if (bits & HIDDEN) != 0u {
        shown.a = 0.0;
    }
    return shown;
}

struct NodeVertex {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) color: vec4<f32>,
    // From the centre, pixels.
    @location(1) from_center: vec2<f32>,
    @location(2) @interpolate(flat) radius: f32,
    @location(3) @interpolate(flat) bits: u32,
    @location(4) @interpolate(flat) slot: u32,
}

fn node_center(slot: u32, color: vec4<f32>, place: vec4<f32>) -> vec4<f32> {
    if color.a <= 0.0 {
        return NOWHERE;
    }
    let group = nodes[slot].bits >> 16u;
    return clip_of(group, place.xyz);
}

// The radius of a node whose centre has a w, pixels.
fn radius_of(radius: f32, group: u32, w: f32) -> f32 {
    return clamp(radius * scale_of(group) * view.scale / w, view.radius_min, view.radius_max);
}

// Three vertices a node: the equilateral triangle around the circle that holds the shape and one pixel more.
@vertex
fn node_vertex(@builtin(vertex_index) vertex: u32, @builtin(instance_index) instance: u32) -> NodeVertex {
    let slot = instance + vertex / 3u;
    let node = nodes[slot];
    let group = node.bits >> 16u;
    let standing = standing_of(slot);
    var out: NodeVertex;
    out.color = color_of(standing.color, node.bits, node.birth, node.death, group);
    out.bits = standing.bits;
    out.slot = slot;
    let center = node_center(slot, out.color, standing.place);
    out.radius = radius_of(standing.place.w, group, center.w);
    if (node.bits & (SELECTED | HIGHLIGHTED)) != 0u {
        out.radius = min(max(out.radius * 1.25, 4.0), view.radius_max);
    }
    var corner = vec2<f32>(0.0, 2.0);
    switch vertex % 3u {
        case 0u: { corner = vec2<f32>(-1.7320508, -1.0); }
        case 1u: { corner = vec2<f32>(1.7320508, -1.0); }
        default: {}
    }
    // A square's corners lie outside the circle.
    let reach = select(1.0, 1.1313709, (standing.bits & 0xffu) == 1u);
    out.from_center = corner * (out.radius * reach + 1.0);
    out.position = center + vec4<f32>(out.from_center * 2.0 / view.viewport * center.w, 0.0, 0.0);
    if HAS_DEPTH {
        // As near as the nearest point of a ball, so that no edge that ends at the node hides a part of it.
        let deep = out.radius / view.scale * center.w;
        out.position.z *= center.w / max(center.w - deep, 0.1 * center.w);
    }
    return out;
}

// Where the shape's edge is, pixels: negative inside.
fn distance_to_shape(at: vec2<f32>, radius: f32, shape: u32) -> f32 {
    switch shape {
        case 1u: {
            return max(abs(at.x), abs(at.y)) - radius * 0.80;
        }
        case 2u: {
            return (abs(at.x) + abs(at.y) - radius) * 0.70710678;
        }
        case 3u: {
            return max(abs(at.x) * 0.8660254 + at.y * 0.5, -at.y) - radius * 0.5;
        }
        case 4u: {
            return max(abs(at.x) * 0.8660254 + abs(at.y) * 0.5, abs(at.y)) - radius * 0.87;
        }
        case 5u: {
            return abs(length(at) - radius * 0.75) - radius * 0.25;
        }
        default: {
            return length(at) - radius;
        }
    }
}

@fragment
fn node_fragment(in: NodeVertex) -> @location(0) vec4<f32> {
    let outside = distance_to_shape(in.from_center, in.radius, in.bits & 0xffu);
    let opacity = in.color.a * clamp(0.5 - outside, 0.0, 1.0);
    if opacity <= 0.0 {
        discard;
    }
    var color = in.color.rgb;
    if (in.bits & (SELECTED | HIGHLIGHTED)) != 0u {
        let bright = select(0.6, 1.0, (in.bits & SELECTED) != 0u);
        color = mix(color, BRIGHT, bright * clamp(outside + 2.5, 0.0, 1.0));
    } else if in.radius > 5.0 {
        color = color * mix(1.0, 0.6, clamp(outside + 2.0, 0.0, 1.0));
    }
    return vec4<f32>(color * opacity, opacity);
}

struct PointVertex {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) color: vec4<f32>,
    @location(1) @interpolate(flat) slot: u32,
}

// A pixel a node.
@vertex
fn point_vertex(@builtin(vertex_index) vertex: u32, @builtin(instance_index) instance: u32) -> PointVertex {
    let slot = instance + vertex;
    let node = nodes[slot];
    let standing = standing_of(slot);
    let color = color_of(standing.color, node.bits, node.birth, node.death, node.bits >> 16u);
    var out: PointVertex;
    out.color = vec4<f32>(color.rgb * color.a, color.a);
    out.slot = slot;
    out.position = node_center(slot, color, standing.place);
    return out;
}

@fragment
fn point_fragment(in: PointVertex) -> @location(0) vec4<f32> {
    return in.color;
}

// Where a node is at its group's version; what else it is is not looked at.
fn end_of(node: u32) -> vec4<f32> {
    if LOOKS_BACK {
        return standing_of(node).place;
    }
    return place_of(node);
}

struct EdgeVertex {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) color: vec4<f32>,
}

// The colour in which an edge is shown, times its opacity; without any where it is not.
fn edge_color(edge: Edge) -> vec4<f32> {
    let color = color_of(edge.color, edge.bits, edge.birth, edge.death, edge.bits >> 16u);
    var opacity = color.a * view.edge_opacity;
    var rgb = color.rgb;
    if (edge.bits & (SELECTED | HIGHLIGHTED)) != 0u {
        opacity = color.a;
        rgb = BRIGHT;
    }
    return vec4<f32>(rgb * opacity, opacity);
}

// Two vertices an edge.
@vertex
fn edge_vertex(@builtin(vertex_index) vertex: u32, @builtin(instance_index) instance: u32) -> EdgeVertex {
    let edge = edges[(instance + vertex / 2u) * view.edge_stride];
    var out: EdgeVertex;
    out.color = edge_color(edge);
    out.position = NOWHERE;
    if out.color.a > 0.0 {
        let node = select(edge.to_node, edge.source, vertex % 2u == 0u);
        out.position = clip_of(edge.bits >> 16u, end_of(node).xyz);
    }
    return out;
}

// The vertices of a loop, two a line.
const LOOP_VERTICES: u32 = 32u;

// A circle that begins and ends in its node.
@vertex
fn loop_vertex(@builtin(vertex_index) vertex: u32, @builtin(instance_index) instance: u32) -> EdgeVertex {
    let edge = edges[loops[(instance + vertex / LOOP_VERTICES) * view.edge_stride]];
    var out: EdgeVertex;
    out.color = edge_color(edge);
    out.position = NOWHERE;
    if out.color.a > 0.0 {
        let group = edge.bits >> 16u;
        let place = end_of(edge.source);
        let center = clip_of(group, place.xyz);
        let radius = radius_of(place.w, group, center.w);
        let reach = max(radius * 0.7, 2.0);
        let corner = (vertex % LOOP_VERTICES + 1u) / 2u;
        let turn = f32(corner) * 4.0 / f32(LOOP_VERTICES) * 3.14159265;
        let from_center = vec2<f32>(sin(turn) * reach, radius + (0.5 - cos(turn)) * reach);
        out.position = center + vec4<f32>(from_center * 2.0 / view.viewport * center.w, 0.0, 0.0);
    }
    return out;
}

@fragment
fn edge_fragment(in: EdgeVertex) -> @location(0) vec4<f32> {
    return in.color;
}

// Which node is seen where: its slot and one, or nothing.
@fragment
fn node_slot_fragment(in: NodeVertex) -> @location(0) u32 {
    if distance_to_shape(in.from_center, in.radius, in.bits & 0xffu) > 0.0 {
        discard;
    }
    return in.slot + 1u;
}

@fragment
fn point_slot_fragment(in: PointVertex) -> @location(0) u32 {
    return in.slot + 1u;
}
