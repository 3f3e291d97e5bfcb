//! Places the nodes of a graph in the plane: nodes that are near in the graph are near in the picture.
//!
//! ```
//! use cidgraph_layout::{Layout, Place, Stage};
//!
//! // A ring of twelve nodes.
//! let edges: Vec<[u32; 2]> = (0..12).map(|node| [node, (node + 1) % 12]).collect();
//! let mut layout = Layout::new(&edges, &[Place::Free; 12], 42)?;
//! while layout.step(10).stage != Stage::Done {
//!     // Positions can be shown after every step.
//!     assert!(layout.positions().iter().flatten().all(|coordinate| coordinate.is_finite()));
//! }
//! // Later a node is added next to node 0. It finds a place, node 5 is where it was, node 7 is where the user put it.
//! let mut places: Vec<Place> = layout.positions().iter().map(|position| Place::Kept(*position)).collect();
//! places[7] = Place::Fixed([9.0, 9.0]);
//! places.push(Place::Free);
//! let mut changed = Layout::new(&[&edges[..], &[[0, 12]]].concat(), &places, 42)?;
//! changed.step(100);
//! assert_eq!(changed.positions()[5], layout.positions()[5]);
//! assert_eq!(changed.positions()[7], [9.0, 9.0]);
//! # Ok::<(), cidgraph_layout::LayoutError>(())
//! ```
//!
//! # What positions are a function of
//! The number of nodes, the set of edges, the places and the seed, and of the number of iterations so far. Not of the
//! number of threads, the order in which edges are listed, their directions or repetitions, nor of how iterations were
//! divided into steps. Arithmetic is that of IEEE 754 (`+ - × ÷ √`, nothing of a mathematical library), so they are the same
//! bits on every machine that rounds so.
//!
//! # How
//! 1. **Seed.** Each connected component is drawn by PivotMDS (Brandes and Pich, "Eigensolver methods for progressive
//!    multidimensional scaling of large data", Graph Drawing 2006, LNCS 4372, 2007) from 50 pivots. Where some of its
//!    nodes have places, new ones begin at the mean of their neighbours; where most have none, the drawing is laid over
//!    those that have one.
//! 2. **Refinement.** Edges are springs and all nodes repel each other: the maxent-stress model (Gansner, Hu and North,
//!    IEEE TVCG 19, 2013), a relative of Fruchterman and Reingold's (1991), with repulsion by the tree of Barnes and Hut
//!    (Nature 324, 1986) and a cooling that ends after [`ITERATIONS_MAX`] iterations.
//! 3. **Arrangement.** Components stand side by side without overlapping, the largest first, equally dense; nodes without
//!    edges stand in a block of their own.
//!
//! # Scale
//! In a layout without given places the mean length of all edges is 1, and the middle is the origin. Where places are
//! given, their scale is kept: edges become as long as they would be at rest there.
//!
//! # Changes
//! A layout is not changed; a new one begins with what is known of the old one ([`Place`]). Kept nodes within two edges
//! of a free or loose one give way a little, all others do not move at all. Components without a given place stand below
//! what is there.
//!
//! # Threads
//! [`Layout::step`] blocks, on the threads of the rayon pool that it is called in. A view calls it on a thread of its own,
//! in a pool that leaves a core to the picture, and takes [`Layout::positions`] after each step.

mod point;
mod error;
mod place;
mod cancel;
mod jitter;
mod adjacency;
mod component;
mod pivot_mds;
mod quadtree;
mod balance;
mod temperature;
mod drawing;
mod frame;
mod similarity;
mod seed;
mod packing;
mod arrangement;
mod layout;

pub use cancel::CancelToken;
pub use error::{LayoutError, POSITION_MAX};
pub use layout::{Layout, Progress, Stage};
pub use packing::shelves;
pub use place::Place;
pub use temperature::ITERATIONS_MAX;
