// Lays a picture over the whole view, as it is seen from where the camera has come since it was drawn.

struct Lay {
    // The picture's pixel of a pixel of the view: columns of the matrix, then what is added.
    columns: vec4<f32>,
    added: vec2<f32>,
    padding: vec2<f32>,
}

@group(0) @binding(0) var layer: texture_2d<f32>;
@group(0) @binding(1) var<uniform> lay: Lay;

@vertex
fn layer_vertex(@builtin(vertex_index) vertex: u32) -> @builtin(position) vec4<f32> {
    let corner = vec2<f32>(f32(vertex & 1u), f32(vertex >> 1u));
    return vec4<f32>(corner * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn layer_fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let at = lay.columns.xy * position.x + lay.columns.zw * position.y + lay.added;
    return textureLoad(layer, vec2<i32>(floor(at)), 0);
}
